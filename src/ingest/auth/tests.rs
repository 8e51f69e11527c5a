//! Authenticators asked with all kinds of headers.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// `secret` by bcrypt, at the lowest cost.
const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("spanyard-auth-{name}-{}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

fn basic(file: Option<PathBuf>, inline: &str) -> Authenticator {
    Authenticator::Basic { file, inline: Secret::Plain(inline.to_owned()) }
}

fn bearer(scheme: &str, tokens: Vec<Secret>) -> Authenticator {
    Authenticator::Bearer { header: AUTHORIZATION, scheme: scheme.to_owned(), tokens }
}

/// An authenticator with the files that are looked after for it.
type Prepared = (Arc<Authority>, Vec<Arc<dyn Renew>>);

fn prepare(plan: &Authenticator) -> Result<Prepared, String> {
    let mut files = Vec::new();
    Ok((Authority::prepare(plan, &mut files)?, files))
}

fn ask(authority: &Authority, value: &str) -> Result<(), Fault> {
    let mut headers = HeaderMap::new();
    let _ = headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(authority.check(&headers))
}

fn pair(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn each_of_several_tokens_is_let_in_and_nothing_like_one() {
    let path = file("tokens", "\n  from-a-file  \r\nsecond\n\n");
    let tokens = vec![Secret::Plain("first".to_owned()), Secret::File(path.clone())];
    let (authority, files) = prepare(&bearer("Bearer", tokens)).unwrap();
    for good in ["Bearer first", "Bearer from-a-file", "Bearer second"] {
        assert_eq!(ask(&authority, good), Ok(()), "{good}");
    }
    let bad = ["", "Bearer", "Bearer ", "first", "bearer first", "Bearer firs", "Bearer first2"];
    for bad in bad {
        assert_eq!(ask(&authority, bad), Err(Fault::Unauthenticated), "{bad}");
    }
    assert_eq!(files.len(), 1);
    fs::write(&path, "third").unwrap();
    files[0].renew();
    assert_eq!(ask(&authority, "Bearer third"), Ok(()));
    assert_eq!(ask(&authority, "Bearer second"), Err(Fault::Unauthenticated));
    fs::write(&path, "\n").unwrap();
    files[0].renew();
    assert_eq!(ask(&authority, "Bearer third"), Ok(()), "an empty file keeps what there was");
    fs::remove_file(path).unwrap();
}

#[test]
fn without_a_scheme_the_token_stands_alone() {
    let (authority, files) = prepare(&bearer("", vec![Secret::Plain("t".to_owned())])).unwrap();
    assert_eq!(ask(&authority, "t"), Ok(()));
    assert_eq!(ask(&authority, "Bearer t"), Err(Fault::Unauthenticated));
    assert!(files.is_empty());
    assert_eq!(authority.challenge(), "Bearer");
}

#[test]
fn a_request_without_the_header_is_not_let_in() {
    let (authority, _) = prepare(&basic(None, "amber:secret")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let asked = runtime.block_on(authority.check(&HeaderMap::new()));
    assert_eq!(asked, Err(Fault::Unauthenticated));
}

#[test]
fn users_of_file_and_lines_are_let_in_and_the_later_of_two_counts() {
    let lines = format!("# people\namber:{BCRYPT}\nbronze:old\n\ncolon:a:b\n");
    let path = file("users", &lines);
    let (authority, files) = prepare(&basic(Some(path.clone()), "bronze:new")).unwrap();
    let good = [("amber", "secret"), ("bronze", "new"), ("colon", "a:b")];
    for (user, password) in good {
        assert_eq!(ask(&authority, &pair(user, password)), Ok(()), "{user}");
        assert_eq!(ask(&authority, &pair(user, password)), Ok(()), "{user}, as remembered");
    }
    let bad =
        [("amber", "Secret"), ("amber", BCRYPT), ("bronze", "old"), ("nobody", "secret"), ("", "")];
    for (user, password) in bad {
        let value = pair(user, password);
        assert_eq!(ask(&authority, &value), Err(Fault::Unauthenticated), "{user}");
        assert_eq!(ask(&authority, &value), Err(Fault::Unauthenticated), "{user}, remembered");
    }
    for junk in ["Basic", "Basic ", "Basic %%%", "Basic YW1iZXI=", "Bearer YTpi"] {
        assert_eq!(ask(&authority, junk), Err(Fault::Unauthenticated), "{junk}");
    }
    let shouted = pair("bronze", "new").replacen("Basic", "BASIC", 1);
    assert_eq!(ask(&authority, &shouted), Ok(()), "the scheme has no case");
    fs::write(&path, "amber:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=").unwrap();
    files[0].renew();
    let value = pair("amber", "secret");
    assert_eq!(ask(&authority, &value), Err(Fault::Unauthenticated), "nobody is remembered");
    assert_eq!(ask(&authority, &pair("amber", "password")), Ok(()));
    fs::remove_file(path).unwrap();
}

#[test]
fn a_line_that_cannot_be_used_is_named_by_its_number_and_shows_no_secret() {
    let why = |file: Option<PathBuf>, inline: &str| prepare(&basic(file, inline)).map(drop);
    let bad = why(None, "amber:secret\n\nhunter2").unwrap_err();
    assert_eq!(bad, "htpasswd.inline: line 3: expected user:hash, found no colon");
    let path = file("bad", "amber:$6$hunter2$hunter2\n");
    let bad = why(Some(path.clone()), "").unwrap_err();
    assert!(bad.contains("line 1") && bad.contains("is not known"), "{bad}");
    assert!(!bad.contains("hunter2"), "{bad}");
    fs::remove_file(&path).unwrap();
    assert!(why(Some(path), "").unwrap_err().contains("spanyard-auth-bad"));
    assert!(why(None, "# nobody\n").unwrap_err().contains("no user"));
    let none = prepare(&bearer("Bearer", vec![Secret::empty()])).map(drop);
    assert_eq!(none.unwrap_err(), "a bearer token is empty");
}

#[test]
fn nothing_secret_is_printed() {
    let plan = bearer("Bearer", vec![Secret::Plain("hunter2".to_owned())]);
    let (authority, _) = prepare(&plan).unwrap();
    assert!(!format!("{plan:?} {authority:?}").contains("hunter2"));
    let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap();
    let hash = hash::Hash::parse("hunter2", &key).unwrap();
    assert_eq!(format!("{hash:?}"), "****");
}

#[test]
fn known_credentials_are_forgotten_after_some_minutes() {
    let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap();
    let inline = Secret::Plain(format!("amber:{BCRYPT}"));
    let users = Users::read(None, &inline, &key).unwrap();
    let value = pair("amber", "secret");
    let now = crate::runtime::clock::now();
    let mark = users.mark(value.as_bytes());
    assert_eq!(users.recall(&mark, now), None);
    let credentials = users::Credentials::read(value.as_bytes()).unwrap();
    assert!(users.verify(&mark, &credentials, now));
    assert_eq!(users.recall(&mark, now + Duration::from_secs(299)), Some(true));
    assert_eq!(users.recall(&mark, now + Duration::from_secs(301)), None);
}

#[test]
fn when_too_many_slow_checks_wait_the_next_is_told_to_come_again() {
    let path = file("slow", &format!("amber:{BCRYPT}"));
    let (authority, _) = prepare(&basic(Some(path.clone()), "")).unwrap();
    fs::remove_file(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answers = runtime.block_on(async {
        let local = tokio::task::LocalSet::new();
        let asked: Vec<_> = (0..200)
            .map(|at| {
                let authority = Arc::clone(&authority);
                local.spawn_local(async move {
                    let mut headers = HeaderMap::new();
                    let value = HeaderValue::try_from(pair("amber", &at.to_string())).unwrap();
                    let _ = headers.insert(AUTHORIZATION, value);
                    authority.check(&headers).await
                })
            })
            .collect();
        local.await;
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap());
        }
        answers
    });
    let full = answers.iter().filter(|answer| **answer == Err(Fault::Overloaded)).count();
    let wrong = answers.iter().filter(|answer| **answer == Err(Fault::Unauthenticated)).count();
    assert!(full > 0 && wrong >= 32, "{full} were told to come again, {wrong} were checked");
    assert_eq!(full + wrong, answers.len());
}

/// Run by hand: `cargo test --release --lib timing -- --ignored --nocapture`.
#[test]
#[ignore = "measures time; for a quiet machine"]
fn timing_of_a_wrong_token_by_how_much_of_it_is_right() {
    const ROUNDS: usize = 1_000_000;
    let token = "0123456789abcdef0123456789abcdef";
    let plan = bearer("Bearer", vec![Secret::Plain(token.to_owned())]);
    let (authority, _) = prepare(&plan).unwrap();
    let Kind::Bearer(tokens) = &authority.kind else { panic!("a bearer") };
    let right = format!("Bearer {}x", token.trim_end_matches('f'));
    let wrong = format!("Bearer {}", "x".repeat(32));
    let measure = |value: &str| {
        let before = crate::runtime::clock::now();
        let found = tokens.peek(|tokens| tokens.hold(value.as_bytes()));
        let nanos = crate::runtime::clock::now().duration_since(before).as_nanos();
        assert!(!found);
        f64::from(u32::try_from(nanos).unwrap_or(u32::MAX))
    };
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..2 * ROUNDS {
        // In an order that no rhythm of the machine follows.
        let kind = (round.wrapping_mul(2_654_435_761) >> 13) & 1;
        samples[kind].push(measure([&right, &wrong][kind]));
    }
    let [(m1, v1, n1), (m2, v2, n2)] = samples.map(|mut sample| {
        sample.sort_by(f64::total_cmp);
        // What the system interrupted says nothing of the comparison.
        sample.truncate(sample.len() / 100 * 95);
        let count = f64::from(u32::try_from(sample.len()).unwrap());
        let mean = sample.iter().sum::<f64>() / count;
        let squares = sample.iter().map(|it| (it - mean).powi(2)).sum::<f64>();
        (mean, squares / (count - 1.0), count)
    });
    let t = (m1 - m2) / (v1 / n1 + v2 / n2).sqrt();
    eprintln!("31 of 32 characters right: {m1:.2} ns, none: {m2:.2} ns; t = {t:.2}");
}
