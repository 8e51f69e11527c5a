//! Random requests: valid but odd ones from `shapes`, and damaged ones.

use crate::draw::Draw;
use crate::full::Full;
use crate::{check, shapes};
use proptest::collection::vec;
use proptest::prelude::*;
use spanyard_wire::schema::Signal;

fn signal() -> impl Strategy<Value = Signal> {
    prop::sample::select(Signal::ALL.to_vec())
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..1500)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn odd_requests_are_accepted_counted_and_viewed(signal in signal(), choices in choices()) {
        let bytes = shapes::request(&mut Draw::new(&choices), signal);
        prop_assert!(check::scan(signal, &bytes).is_some(), "{bytes:02x?}");
        prop_assert!(Full::decode(signal, &bytes).is_ok(), "prost decodes them too");
    }

    #[test]
    fn odd_requests_are_edited_as_prost_edits_them(
        signal in signal(),
        choices in choices(),
        plans in vec(vec(any::<u8>(), 48), 1..6),
    ) {
        let bytes = shapes::request(&mut Draw::new(&choices), signal);
        for plan in plans {
            check::edit(signal, &bytes, &Draw::new(&plan).plan());
        }
    }

    #[test]
    fn odd_requests_are_split_and_joined_without_loss(
        signal in signal(),
        choices in choices(),
        more in choices(),
        max in 0_usize..2000,
    ) {
        let first = shapes::request(&mut Draw::new(&choices), signal);
        let second = shapes::request(&mut Draw::new(&more), signal);
        check::cut(signal, &first, max);
        check::join(signal, &first, &second);
        check::cut(signal, &[first, second].concat(), max);
    }

    #[test]
    fn damaged_requests_are_accepted_or_refused_as_prost_does(
        signal in signal(),
        choices in choices(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = shapes::request(&mut Draw::new(&choices), signal);
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        drop(check::scan(signal, &bytes));
        drop(check::scan(signal, &bytes[..cut.index(bytes.len() + 1)]));
        check::edit(signal, &bytes, &Draw::new(&choices).plan());
    }

    #[test]
    fn noise_is_accepted_or_refused_as_prost_does(
        signal in signal(),
        bytes in vec(any::<u8>(), 0..64),
    ) {
        drop(check::scan(signal, &bytes));
    }
}
