//! The named seeds, one by one: accepted or refused as they should be, cut at every byte, edited,
//! split and joined.

use crate::draw::Draw;
use crate::{check, seeds};
use spanyard_wire::schema::Signal;

/// Plans of edits that are the same in every run.
fn plans() -> Vec<Vec<u8>> {
    let mut state = 7_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..150).map(|_| (0..24).map(|_| byte()).collect()).collect()
}

#[test]
fn every_seed_is_accepted_with_its_count_or_refused() {
    let seeds = seeds::all();
    assert!(seeds.len() > 60);
    for seed in &seeds {
        let items = check::scan(seed.signal, &seed.bytes).map(|request| request.items);
        assert_eq!(items, seed.items, "{}", seed.name);
    }
}

#[test]
fn every_seed_read_as_another_signal_is_treated_as_prost_treats_it() {
    for seed in seeds::all() {
        for signal in Signal::ALL {
            drop(check::scan(signal, &seed.bytes));
        }
    }
}

#[test]
fn every_cut_of_every_seed_is_accepted_or_refused_as_prost_does() {
    let mut refused = 0;
    for seed in seeds::all() {
        for cut in 0..seed.bytes.len() {
            let accepted = check::scan(seed.signal, &seed.bytes[..cut]);
            refused += usize::from(accepted.is_none());
        }
    }
    assert!(refused > 1000);
}

#[test]
fn every_byte_of_every_seed_may_be_any_other() {
    for seed in seeds::all() {
        let mut bytes = seed.bytes.clone();
        for at in 0..bytes.len().min(120) {
            let old = bytes[at];
            for new in
                [0, 1, 2, 7, 8, 0x0a, 0x0b, 0x0c, 0x12, 0x7f, 0x80, 0xff, old ^ 0x80, old ^ 1]
            {
                bytes[at] = new;
                drop(check::scan(seed.signal, &bytes));
            }
            bytes[at] = old;
        }
    }
}

#[test]
fn every_seed_is_edited_as_prost_edits_it() {
    let plans = plans();
    for seed in seeds::all() {
        for plan in &plans {
            check::edit(seed.signal, &seed.bytes, &Draw::new(plan).plan());
        }
    }
}

#[test]
fn every_seed_is_cut_without_loss() {
    for seed in seeds::all() {
        for max in 0..seed.bytes.len() + 2 {
            check::cut(seed.signal, &seed.bytes, max);
        }
    }
}

#[test]
fn any_two_seeds_join() {
    let seeds = seeds::all();
    for first in &seeds {
        for second in &seeds {
            check::join(first.signal, &first.bytes, &second.bytes);
        }
    }
}
