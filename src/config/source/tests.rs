//! What the arguments of `--config` and `--set` mean.

use super::{Source, Sources};
use std::path::{Path, PathBuf};

fn file(path: &str) -> Source {
    Source::File(PathBuf::from(path))
}

#[test]
fn an_argument_of_config_names_a_file_a_variable_or_a_text() {
    let cases = [
        ("gw.yaml", file("gw.yaml")),
        ("/etc/gw.yaml", file("/etc/gw.yaml")),
        ("./a:b.yaml", file("./a:b.yaml")),
        ("file:gw.yaml", file("gw.yaml")),
        ("file:/etc/gw.yaml", file("/etc/gw.yaml")),
        ("c:gw.yaml", file("c:gw.yaml")),
        ("env:GW", Source::Variable("GW".to_owned())),
        ("yaml:a::b: v", Source::Text { name: "--config".to_owned(), text: "a::b: v".to_owned() }),
    ];
    for (argument, expected) in cases {
        assert_eq!(Source::from_argument(argument), Ok(expected), "{argument}");
    }
}

#[test]
fn an_argument_that_names_nothing_is_refused_with_a_sentence() {
    let cases = [
        ("", "the name of a configuration file is missing"),
        ("file:", "`file:` needs a path behind it"),
        ("env:a b", "`a b` is no name of a variable"),
        ("https://a/b", "a configuration is not fetched over https"),
        ("vault:x", "unknown scheme `vault:`, expected `file:`, `env:` and `yaml:`"),
    ];
    for (argument, expected) in cases {
        let said = Source::from_argument(argument).expect_err("is refused");
        assert!(said.starts_with(expected), "{argument}: {said}");
    }
}

#[test]
fn an_argument_of_set_needs_a_path_and_an_equals_sign() {
    assert!(Source::from_set("a.b=c").is_ok());
    assert!(Source::from_set("a=").is_ok());
    assert!(Source::from_set("a.b=c=d").is_ok());
    for argument in ["a.b", "=x", "a..b=x", ".a=x"] {
        assert!(Source::from_set(argument).is_err(), "{argument}");
    }
}

#[test]
fn a_file_that_several_values_name_is_read_once() {
    let sources = Sources::read(&[], &|_| None);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let (first, text) = sources.add_file(&path);
    assert!(text.is_ok());
    assert_eq!(sources.add_file(&path).0, first);
    assert_eq!(sources.files(), [path]);
}
