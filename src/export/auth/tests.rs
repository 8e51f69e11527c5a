//! What becomes of the headers of a request.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::buf::budget::Budget;

fn step(name: &'static str, verb: HeaderVerb, value: Credential) -> HeaderStep {
    HeaderStep { name: HeaderName::from_static(name), verb, value }
}

fn plain(text: &str) -> Secret {
    Secret::Plain(text.to_owned())
}

fn carried(header: &str, default: &str) -> Credential {
    Credential::Context { header: header.to_owned(), default: plain(default) }
}

fn context(values: Vec<Carried>) -> Context {
    Context::new(values, Budget::new(1, 1, 1, 1).lease().empty())
}

/// The head of a request after all steps.
fn dressed(
    steps: &[HeaderStep],
    fixed: &[(&'static str, &'static str)],
    context: Option<&Context>,
) -> Vec<(String, String)> {
    let mut head = HeaderMap::new();
    for (name, value) in fixed {
        let _ = head.append(*name, HeaderValue::from_static(value));
    }
    let mut keys = Vec::new();
    for step in steps {
        if let Credential::Context { header, .. } = &step.value {
            keys.push(header.clone());
        }
    }
    let dresser = Dresser::new(steps, keys, &mut head, &mut Vec::new()).expect("good steps");
    dresser.dress(&mut head, context);
    let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
    let mut all: Vec<_> =
        head.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    all.sort();
    all
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn each_action_acts_on_the_headers_that_the_exporter_has() {
    use HeaderVerb::{Delete, Insert, Update, Upsert};
    let cases = [
        (Insert, &[][..], &[("x", "new")][..]),
        (Insert, &[("x", "old")][..], &[("x", "old")][..]),
        (Insert, &[("x", "")][..], &[("x", "new")][..]),
        (Update, &[][..], &[][..]),
        (Update, &[("x", "old")][..], &[("x", "new")][..]),
        (Upsert, &[][..], &[("x", "new")][..]),
        (Upsert, &[("x", "old"), ("x", "older")][..], &[("x", "new")][..]),
        (Delete, &[("x", "old"), ("y", "kept")][..], &[("y", "kept")][..]),
    ];
    for (verb, fixed, expected) in cases {
        for value in [Credential::Text(plain("new")), carried("from", "")] {
            let context = context(vec![Carried::One(HeaderValue::from_static("new"))]);
            let steps = [step("x", verb, value)];
            assert_eq!(dressed(&steps, fixed, Some(&context)), pairs(expected), "{verb:?}");
        }
    }
}

#[test]
fn steps_are_taken_in_order_even_where_only_some_depend_on_the_request() {
    let steps = [
        step("x", HeaderVerb::Upsert, carried("from", "")),
        step("x", HeaderVerb::Update, Credential::Text(plain("second"))),
    ];
    let context = context(vec![Carried::One(HeaderValue::from_static("first"))]);
    assert_eq!(dressed(&steps, &[], Some(&context)), pairs(&[("x", "second")]));
}

#[test]
fn a_header_that_the_client_did_not_send_takes_the_default_value() {
    let steps = [step("x", HeaderVerb::Upsert, carried("from", "other"))];
    let absent = context(vec![Carried::Absent]);
    assert_eq!(dressed(&steps, &[], Some(&absent)), pairs(&[("x", "other")]));
    assert_eq!(dressed(&steps, &[], None), pairs(&[("x", "other")]));
    let without = [step("x", HeaderVerb::Upsert, carried("from", ""))];
    assert_eq!(dressed(&without, &[], Some(&absent)), pairs(&[("x", "")]), "as in the Collector");
}

#[test]
fn several_values_of_one_header_are_an_objection() {
    let keys = vec!["tenant".to_owned()];
    let mut head = HeaderMap::new();
    let steps = [step("x", HeaderVerb::Upsert, carried("tenant", ""))];
    let dresser = Dresser::new(&steps, keys, &mut head, &mut Vec::new()).expect("good");
    assert!(dresser.objection(Some(&context(vec![Carried::Several(2)]))).is_some());
    let one = context(vec![Carried::One(HeaderValue::from_static("a"))]);
    assert_eq!(dresser.objection(Some(&one)), None);
    assert_eq!(dresser.objection(None), None);
}

#[test]
fn basic_and_bearer_are_written_as_their_schemes_want() {
    let basic = Credential::Basic { username: plain("me"), password: plain("p:w") };
    let bearer = Credential::Bearer { scheme: "Bearer".to_owned(), token: plain("t0k") };
    let bare = Credential::Bearer { scheme: String::new(), token: plain("t0k") };
    for (credential, expected) in [(basic, "Basic bWU6cDp3"), (bearer, "Bearer t0k"), (bare, "t0k")]
    {
        let steps = [step("authorization", HeaderVerb::Upsert, credential)];
        assert_eq!(dressed(&steps, &[], None), pairs(&[("authorization", expected)]));
    }
}

/// A file of this test.
fn file(content: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("spanyard-auth-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, content).expect("a file");
    path
}

#[test]
fn a_token_file_is_read_again_and_a_broken_one_keeps_the_last_good_token() {
    let path = file("first \nsecond line\n");
    let token = Secret::File(path.clone());
    let bearer = Credential::Bearer { scheme: "Bearer".to_owned(), token };
    let steps = [step("authorization", HeaderVerb::Upsert, bearer)];
    let (mut head, mut files) = (HeaderMap::new(), Vec::new());
    let dresser = Dresser::new(&steps, Vec::new(), &mut head, &mut files).expect("readable");
    let now = || {
        let mut headers = head.clone();
        dresser.dress(&mut headers, None);
        headers.get("authorization").expect("set").to_str().expect("text").to_owned()
    };
    assert_eq!(now(), "Bearer first");
    for (content, expected) in [("changed\n", "Bearer changed"), ("\n", "Bearer changed")] {
        fs::write(&path, content).expect("written");
        files.iter().for_each(|file| file.renew());
        assert_eq!(now(), expected);
    }
    fs::remove_file(&path).expect("removed");
    files.iter().for_each(|file| file.renew());
    assert_eq!(now(), "Bearer changed");
}

#[test]
fn a_file_that_is_missing_at_the_start_is_an_error_that_names_it() {
    let missing = Credential::Text(Secret::File("/nowhere/token".into()));
    let steps = [step("x", HeaderVerb::Upsert, missing)];
    let made = Dresser::new(&steps, Vec::new(), &mut HeaderMap::new(), &mut Vec::new());
    assert!(made.err().is_some_and(|error| error.starts_with("/nowhere/token: ")));
}
