//! Watches the configuration's files, by looking at what they hold once a second.
//!
//! Contents are compared, not times: a ConfigMap that Kubernetes mounts is a chain of symbolic
//! links that is swapped as a whole, and an editor may put a new file in the old one's place. A
//! change counts once two looks in a row have found the same, so a file that is being written is
//! left alone. A file that has gone is a change too; what is no regular file is not looked at.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::SOURCE_BYTES_MAX;

/// Between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The files, and what they held.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<PathBuf>,
    /// At the last reload, or at the start.
    taken: Vec<Digest>,
    /// At the last look.
    seen: Vec<Digest>,
}

/// Of what a file holds; `None`: there is no such file, or it cannot be read.
type Digest = Option<u64>;

impl Watch {
    /// Watches these files, which have just been read; none is fine.
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        let mut watch = Self { files, taken: Vec::new(), seen: Vec::new() };
        watch.take();
        watch
    }

    /// Whether there is anything to watch.
    pub(super) const fn is_on(&self) -> bool {
        !self.files.is_empty()
    }

    /// What the files hold now is being read: nothing has changed since.
    pub(super) fn take(&mut self) {
        self.taken = self.digests();
        self.seen.clone_from(&self.taken);
    }

    /// Looks; whether the files hold something else than was read, and have stopped changing.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = self.digests();
        let is_settled = now == self.seen;
        self.seen = now;
        is_settled && self.seen != self.taken
    }

    fn digests(&self) -> Vec<Digest> {
        self.files.iter().map(|path| digest(path)).collect()
    }
}

fn digest(path: &Path) -> Digest {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let limit = SOURCE_BYTES_MAX as u64 + 1;
    let _ = File::open(path).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static FOLDERS: AtomicU32 = AtomicU32::new(0);

    /// A folder of its own for one test, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
            let name = format!("spanyard-watch-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).expect("a file");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _removed = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_change_counts_once_it_has_settled_and_only_once() {
        let folder = Folder::new();
        let path = folder.file("a.yaml", "one");
        let mut watch = Watch::new(vec![path]);
        assert!(watch.is_on() && !watch.has_changed());
        let _ = folder.file("a.yaml", "half");
        assert!(!watch.has_changed(), "it may be under way");
        let _ = folder.file("a.yaml", "half and half");
        assert!(!watch.has_changed(), "it was");
        assert!(watch.has_changed());
        watch.take();
        assert!(!watch.has_changed());
        let _ = folder.file("a.yaml", "half and half");
        assert!(!watch.has_changed() && !watch.has_changed(), "the same again is no change");
    }

    #[test]
    fn a_change_that_was_taken_back_is_none() {
        let folder = Folder::new();
        let mut watch = Watch::new(vec![folder.file("a.yaml", "one")]);
        let path = folder.file("a.yaml", "two");
        assert!(!watch.has_changed());
        fs::write(path, "one").expect("written");
        assert!(!watch.has_changed() && !watch.has_changed());
    }

    #[test]
    fn links_are_followed_as_kubernetes_swaps_them() {
        let folder = Folder::new();
        let link = |target: &str| {
            let fresh = folder.0.join("..data_tmp");
            symlink(target, &fresh).expect("a link");
            fs::rename(&fresh, folder.0.join("..data")).expect("swapped");
        };
        for (day, text) in [("..1", "one"), ("..2", "two")] {
            fs::create_dir(folder.0.join(day)).expect("a folder");
            let _ = folder.file(&format!("{day}/a.yaml"), text);
        }
        link("..1");
        let path = folder.0.join("a.yaml");
        symlink("..data/a.yaml", &path).expect("a link");
        let mut watch = Watch::new(vec![path]);
        link("..2");
        assert!(!watch.has_changed());
        assert!(watch.has_changed());
    }

    #[test]
    fn a_file_that_goes_or_comes_is_a_change_and_a_folder_is_none() {
        let folder = Folder::new();
        let path = folder.file("a.yaml", "one");
        let mut watch = Watch::new(vec![path.clone(), folder.0.clone()]);
        fs::remove_file(&path).expect("removed");
        assert!(!watch.has_changed());
        assert!(watch.has_changed());
        watch.take();
        let _ = folder.file("a.yaml", "one");
        assert!(!watch.has_changed());
        assert!(watch.has_changed());
    }
}
