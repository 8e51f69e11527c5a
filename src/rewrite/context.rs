//! Values that edits take from the request (`from_context`), encoded once a request.

use std::net::IpAddr;

use spanyard_wire::encode;

use crate::config::plan::ContextKey;

/// The slots of one request; empty when the flow has none, without an allocation.
#[derive(Debug, Default)]
pub struct Slots {
    encoded: Vec<Option<Vec<u8>>>,
}

impl Slots {
    /// Resolves `keys` against a request. A missing header is an empty slot, which an edit ignores;
    /// several values of a header are joined with `;`, as the Collector does.
    #[must_use]
    pub fn resolve(
        keys: &[ContextKey],
        headers: Option<&http::HeaderMap>,
        peer: Option<IpAddr>,
    ) -> Self {
        let encoded = keys
            .iter()
            .map(|key| match key {
                ContextKey::ClientAddress => {
                    let text = peer.map_or_else(String::new, |peer| peer.to_string());
                    Some(encode::any_value_string(&text))
                }
                ContextKey::Header(name) => joined(headers?, name),
            })
            .collect();
        Self { encoded }
    }

    /// The slots in the form that edits read.
    #[must_use]
    pub fn views(&self) -> Vec<Option<&[u8]>> {
        self.encoded.iter().map(Option::as_deref).collect()
    }
}

fn joined(headers: &http::HeaderMap, name: &str) -> Option<Vec<u8>> {
    let mut values = headers.get_all(name).iter();
    let mut text = values.next()?.as_bytes().to_vec();
    for value in values {
        text.push(b';');
        text.extend_from_slice(value.as_bytes());
    }
    Some(encode::any_value_string(&String::from_utf8_lossy(&text)))
}
