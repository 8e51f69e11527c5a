//! What clients connect to: a TCP port, or a socket in the file system.
//!
//! ```text
//!  open -> Listener (bound, shared by cloning) -> register -> Acceptor (on one shard) -> Stream
//! ```
//! A TCP address has a socket for every shard (`SO_REUSEPORT`); a path has one, of which every
//! shard accepts on its own handle. A path on which nobody answers any more is taken over; one on
//! which someone does is in use. The file goes with the last handle, if it is still the one that
//! was made here.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use socket2::{Domain, SockAddr, Socket, Type};

use super::{BACKLOG, Stream, listen};
use crate::config::plan::Address;

/// A bound, non-blocking socket that takes connections.
#[derive(Debug)]
pub enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener, Arc<Place>),
}

/// A listener on the executor of one shard.
#[derive(Debug)]
pub enum Acceptor {
    /// A port.
    Tcp(tokio::net::TcpListener),
    /// A socket in the file system.
    Unix(tokio::net::UnixListener, Arc<Place>),
}

/// The file of a socket, removed in the end.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    /// Device and inode, by which it is known to be ours.
    identity: (u64, u64),
}

/// Listeners on `address`, one for each of so many shards.
///
/// # Errors
/// What the system says, for instance that the address is in use.
pub fn open(address: &Address, shards: usize) -> io::Result<Vec<Listener>> {
    match address {
        Address::Tcp(address) => {
            // Shared addresses would let a second process join in unnoticed.
            drop(listen(*address, false)?);
            let first = listen(*address, true)?;
            let bound = first.local_addr()?;
            let others = (1..shards).map(|_| listen(bound, true));
            std::iter::once(Ok(first)).chain(others).map(|one| one.map(Listener::Tcp)).collect()
        }
        Address::Unix(path) => {
            let first = open_path(path)?;
            let mut all = (1..shards).map(|_| first.try_clone()).collect::<io::Result<Vec<_>>>()?;
            all.push(first);
            Ok(all)
        }
    }
}

fn open_path(path: &Path) -> io::Result<Listener> {
    let listener = match bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path)?;
            bind(path)?
        }
        bound => bound?,
    };
    let made = fs::symlink_metadata(path)?;
    let place = Place { path: path.to_owned(), identity: (made.dev(), made.ino()) };
    Ok(Listener::Unix(listener, Arc::new(place)))
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Removes the socket that a process has left behind; leaves alone whatever else is there.
fn remove_stale(path: &Path) -> io::Result<()> {
    let in_use = |what| Err(io::Error::new(io::ErrorKind::AddrInUse, what));
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return in_use("a file that is not a socket is in its place");
    }
    let asking = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    asking.set_nonblocking(true)?;
    match asking.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Also one whose backlog is full: somebody holds it.
        _ => in_use("another process listens on it"),
    }
}

impl Listener {
    /// Another handle of the same socket.
    ///
    /// # Errors
    /// What the system says, for instance that there are no descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            Self::Unix(listener, place) => Self::Unix(listener.try_clone()?, Arc::clone(place)),
        })
    }

    /// Where it listens; `None` if the system does not say.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(Address::Tcp),
            Self::Unix(_, place) => Some(Address::Unix(place.path.clone())),
        }
    }

    /// Puts it on the executor of the calling shard.
    ///
    /// # Errors
    /// What the system says, for instance that there are no descriptors left.
    pub fn register(self) -> io::Result<Acceptor> {
        Ok(match self {
            Self::Tcp(listener) => Acceptor::Tcp(tokio::net::TcpListener::from_std(listener)?),
            Self::Unix(listener, place) => {
                Acceptor::Unix(tokio::net::UnixListener::from_std(listener)?, place)
            }
        })
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Acceptor {
    /// The next connection and who it is from; clients of a socket in the file system have no
    /// address.
    ///
    /// # Errors
    /// What the system says of the connection or of itself.
    pub async fn accept(&self) -> io::Result<(Stream, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer): (_, SocketAddr) = listener.accept().await?;
                // Without it the kernel may hold answers back; a socket that refuses is about to
                // break anyway.
                drop(stream.set_nodelay(true));
                Ok((Stream::Tcp(stream), Some(peer.ip().to_canonical())))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), None))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path).map(|found| (found.dev(), found.ino()));
        if found.ok() == Some(self.identity) {
            // Whoever may not remove it finds it stale next time.
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("spanyard-{}-{name}", std::process::id()));
        drop(fs::remove_file(&path));
        path
    }

    #[test]
    fn the_file_of_a_socket_goes_with_its_last_handle() {
        let path = path("last.sock");
        let mut all = open(&Address::Unix(path.clone()), 3).expect("opens");
        assert_eq!(all.len(), 3);
        while let Some(one) = all.pop() {
            assert!(UnixStream::connect(&path).is_ok(), "{} handles left", all.len() + 1);
            drop(one);
        }
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_nobody_answers_on_is_taken_over_and_a_live_one_is_not() {
        let path = path("stale.sock");
        let address = Address::Unix(path.clone());
        drop(UnixListener::bind(&path).expect("left behind"));
        assert!(path.exists());
        let ours = open(&address, 1).expect("takes it over");
        let error = open(&address, 1).expect_err("is live");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(ours);
        fs::write(&path, "not a socket").expect("writes");
        let error = open(&address, 1).expect_err("is a file");
        assert!(error.to_string().contains("not a socket"), "{error}");
        assert_eq!(fs::read(&path).expect("is left alone"), b"not a socket");
        fs::remove_file(&path).expect("is there");
    }

    #[test]
    fn a_file_that_took_the_place_of_ours_is_left_alone() {
        let path = path("other.sock");
        let ours = open(&Address::Unix(path.clone()), 1).expect("opens");
        let spare = path.with_extension("spare");
        fs::rename(&path, &spare).expect("moves");
        fs::write(&path, "someone else's").expect("writes");
        drop(ours);
        assert!(path.exists());
        fs::remove_file(&path).expect("is there");
        fs::remove_file(&spare).expect("is there");
    }
}
