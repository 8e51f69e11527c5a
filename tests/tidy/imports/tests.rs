//! The import table against the tree, and against made-up files that break it.

use super::*;

#[test]
fn imports_point_one_way() {
    let files = tree::files().unwrap();
    let ours = files.iter().filter(|file| is_ours(&file.path)).count();
    assert!(ours >= 2, "only {ours} files under src/");
    assert_none("imports point one way", &check(&files));
}

#[test]
fn the_table_is_a_direction_and_not_a_circle() {
    assert!(!STAGES.is_empty() && !FOUNDATIONS.is_empty());
    let mut open: Vec<(&str, Vec<&str>)> = STAGES.iter().map(|(r, _)| (*r, vec![*r])).collect();
    while let Some((room, way)) = open.pop() {
        for next in allowed(room).unwrap_or_else(|| panic!("{room} has no row")) {
            assert!(!way.contains(next), "{} -> {next} is a circle", way.join(" -> "));
            assert!(!FOUNDATIONS.contains(next), "{next} is a foundation: it needs no row entry");
            open.push((*next, way.iter().copied().chain([*next]).collect()));
        }
    }
}

fn whats(path: &str, text: &str) -> Vec<String> {
    check(&[File::made_up(path, text)]).iter().map(|finding| finding.what.clone()).collect()
}

#[test]
fn a_stage_that_looks_back_is_caught_in_every_spelling() {
    let back = "queue uses pipeline: of the stages it may use no stage";
    let spellings = [
        "use crate::pipeline::Verdict;",
        "use crate::{buf::Payload, pipeline::{self, Verdict}};",
        "pub(crate) use crate::pipeline as p;",
        "fn f() -> crate::pipeline::Verdict { g() }",
        "fn f() { select! { x = crate::pipeline::run() => x } }",
        "use super::super::pipeline::Verdict;",
        "mod inner { use super::super::super::pipeline::Verdict; }",
        "impl From<crate::pipeline::Verdict> for u8 {}",
        "#[cfg(not(test))]\nuse crate::pipeline::Verdict;",
    ];
    for text in spellings {
        let found = whats("src/queue/ring.rs", text);
        assert!(!found.is_empty() && found.iter().all(|what| what == back), "{text}: {found:?}");
    }
}

#[test]
fn foundations_the_own_room_the_wire_crate_and_tests_are_free() {
    let fine = [
        "use crate::buf::Payload; use crate::units::Bytes; use crate::queue::Ring;",
        "use spanyard_wire::Signal; use super::batch; use self::inner::X; use std::fmt;",
        "use crate::config::plan::Plan;",
        "#[cfg(test)]\nmod tests { use crate::pipeline::Verdict; }",
        "#[cfg(all(test, unix))]\nuse crate::pipeline::Verdict;",
        "/// See [`crate::pipeline`].\nfn f() {}",
    ];
    for text in fine {
        assert_eq!(whats("src/queue/ring.rs", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_file_that_is_compiled_for_tests_only_is_free() {
    let files = [
        File::made_up("src/queue/mod.rs", "#[cfg(test)]\nmod tests;"),
        File::made_up("src/queue/tests.rs", "use crate::pipeline::Verdict;"),
    ];
    assert_eq!(check(&files), []);
    let files = [
        File::made_up("src/queue/mod.rs", "mod tests;"),
        File::made_up("src/queue/tests.rs", "use crate::pipeline::Verdict;"),
    ];
    assert_eq!(check(&files).len(), 1);
}

#[test]
fn foundations_use_no_stage_and_config_is_used_through_its_plan() {
    let found = whats("src/buf/pool.rs", "use crate::queue::Ring;");
    assert_eq!(found, ["buf uses queue: of the stages it may use no stage"]);
    let found = whats("src/route/rule.rs", "use crate::config::{yaml::Node, plan::Plan};");
    assert_eq!(found, ["route uses config::yaml: only config::plan may be used here"]);
    assert_eq!(whats("src/app.rs", "use crate::config::yaml::Node;"), Vec::<String>::new());
}

#[test]
fn main_names_the_library_and_rooms_without_a_row_are_caught() {
    assert_eq!(whats("src/main.rs", "use spanyard::{app, cli};"), Vec::<String>::new());
    let found = whats("src/main.rs", "use spanyard::queue::Ring;");
    assert_eq!(found, ["main uses queue: of the stages it may use cli, app"]);
    let found = whats("src/helpers/mod.rs", "fn f() {}");
    assert_eq!(found, ["helpers has no row in the table of tests/tidy/imports.rs"]);
    let found = whats("src/queue/ring.rs", "use crate::helpers::f;");
    assert_eq!(found, ["queue uses crate::helpers, which is no room of the table"]);
}
