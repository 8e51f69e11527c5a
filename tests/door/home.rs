//! A directory of a test's own for files that a gateway reads, and for its sockets.
//!
//! It lies where temporary files lie: the path of a socket may have 107 bytes at most.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Numbers the directories of a test program.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The directory; it goes with the test.
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("spanyard-door-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }

    /// Where a file of this name lies, or would lie.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a file in place as a whole.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let (fresh, path) = (self.at("fresh"), self.at(name));
        fs::write(&fresh, text).expect("written");
        fs::rename(fresh, &path).expect("put in place");
        path
    }

    /// Has `live/tls.crt` and `live/tls.key` be a certificate of the tests and its key from now
    /// on: both change at once, as they do in the volume of a Kubernetes secret.
    pub(crate) fn show(&self, certificate: &str) {
        let versions = self.at(certificate);
        fs::create_dir_all(&versions).expect("a directory");
        for (from, to) in [("pem", "tls.crt"), ("key", "tls.key")] {
            let from = given(&format!("{certificate}.{from}"));
            let _bytes = fs::copy(from, versions.join(to)).expect("copied");
        }
        self.point_to(&versions);
    }

    /// The same with a certificate that is none.
    pub(crate) fn show_rubbish(&self) {
        let versions = self.at("rubbish");
        fs::create_dir_all(&versions).expect("a directory");
        fs::write(versions.join("tls.crt"), "rubbish").expect("written");
        let _bytes = fs::copy(given("server.key"), versions.join("tls.key")).expect("copied");
        self.point_to(&versions);
    }

    fn point_to(&self, versions: &Path) {
        let fresh = self.at("fresh");
        symlink(versions, &fresh).expect("a link");
        fs::rename(fresh, self.at("live")).expect("put in place");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // It is only temporary.
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// A file of the certificates in the tree.
pub(crate) fn given(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}
