//! Certificates that change while the gateway runs, for better or worse.

use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::{ANY, FAILURES, Offer, Site, ask, both, file, server, settings, with_plan};
use crate::config::plan::TlsServer;
use crate::runtime::kept::Renew as _;

/// A directory with copies that a test may change.
struct Copies(PathBuf);

impl Copies {
    fn new(name: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("spanyard-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn put(&self, from: &str, to: &str) {
        let _ = std::fs::copy(file(from), self.at(to)).unwrap();
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The name in the certificate that the server shows.
async fn shown(site: &Site) -> Vec<u8> {
    let stream = ANY.connect(site.address).await.expect("a good handshake");
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(file(name)).unwrap().to_vec()
}

#[test]
fn a_hundred_changes_of_the_certificate_under_load_break_no_handshake() {
    let copies = Copies::new("changes");
    copies.put("server.pem", "own.pem");
    copies.put("server.key", "own.key");
    let own = settings(&copies.at("own.pem"), &copies.at("own.key"));
    let own = TlsServer { reload: Some(Duration::from_millis(1)), ..own };
    with_plan(both(own), async |site| {
        let kept = site.ready.http.tls.as_ref().unwrap();
        for change in 0..100 {
            let (name, expected) = if change % 2 == 0 {
                ("renewed", der("renewed.pem"))
            } else {
                ("server", der("server.pem"))
            };
            // A look between the two files finds a pair that does not fit together.
            copies.put(&format!("{name}.pem"), "own.pem");
            let before = ANY.connect(site.address);
            kept.renew();
            let during = ANY.connect(site.address);
            copies.put(&format!("{name}.key"), "own.key");
            let (before, during, ()) = tokio::join!(before, during, async { kept.renew() });
            for stream in [before, during] {
                let answer = ask(stream.expect("a good handshake")).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            }
            assert_eq!(shown(&site).await, expected, "change {change}");
        }
        assert_eq!(site.count(FAILURES), 0);
    });
}

#[test]
fn a_broken_file_keeps_the_certificate_that_was_there() {
    let copies = Copies::new("broken");
    copies.put("server.pem", "own.pem");
    copies.put("server.key", "own.key");
    let own = settings(&copies.at("own.pem"), &copies.at("own.key"));
    let own = TlsServer { reload: Some(Duration::from_millis(1)), ..own };
    with_plan(both(own), async |site| {
        let kept = site.ready.http.tls.as_ref().unwrap();
        let broken = ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x"];
        for text in broken {
            std::fs::write(copies.at("own.pem"), text).unwrap();
            kept.renew();
            assert_eq!(shown(&site).await, der("server.pem"), "{text:?}");
        }
        std::fs::remove_file(copies.at("own.pem")).unwrap();
        kept.renew();
        assert_eq!(shown(&site).await, der("server.pem"));
        copies.put("renewed.pem", "own.pem");
        copies.put("renewed.key", "own.key");
        kept.renew();
        assert_eq!(shown(&site).await, der("renewed.pem"));
    });
}

#[test]
fn a_changed_authority_of_clients_holds_for_the_next_handshake() {
    let copies = Copies::new("authority");
    copies.put("authority.pem", "ca.pem");
    let own =
        TlsServer { client_ca: Some(copies.at("ca.pem")), client_ca_reload: true, ..server() };
    with_plan(both(own), async |site| {
        let kept = site.ready.http.tls.as_ref().unwrap();
        let gets_in = async |identity| {
            let offer = Offer { identity: Some(identity), ..ANY };
            let Ok(stream) = offer.connect(site.address).await else { return false };
            ask(stream).await.is_ok()
        };
        assert!(gets_in("client").await && !gets_in("wrong-authority").await);
        copies.put("stranger.pem", "ca.pem");
        kept.renew();
        assert!(!gets_in("client").await && gets_in("wrong-authority").await);
    });
}

#[test]
fn a_receiver_whose_certificate_cannot_be_used_is_not_prepared() {
    let gone = settings(&file("gone.pem"), &file("server.key"));
    let unfit = settings(&file("server.pem"), &file("renewed.key"));
    let nobody = TlsServer { client_ca: Some(file("make.sh")), ..server() };
    for (settings, expected) in [(gone, "gone.pem"), (unfit, "server.pem"), (nobody, "make.sh")] {
        let error = crate::ingest::tls::kept("otlp", &settings).err().unwrap();
        assert!(error.contains(expected), "{error}");
    }
}
