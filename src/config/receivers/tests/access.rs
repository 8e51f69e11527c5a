//! Who may send, and over what: TLS, authentication, CORS, headers of answers, HTTP/3.

use std::path::Path;
use std::time::Duration;

use crate::config::fixture;
use crate::config::plan::{
    Authenticator, Cors, GrpcIngest, HttpIngest, Pem, Secret, TlsServer, TlsVersion,
};

const BASIC: &str = "basicauth: {htpasswd: {file: /run/users, inline: \"me:s3cret\"}}";

/// Line 1 holds the receiver, line 2 the extensions, all of which start.
fn file(protocols: &str, extensions: &str) -> String {
    let listed: Vec<&str> =
        extensions.split("; ").filter_map(|one| one.split(": ").next()).collect();
    format!(
        "receivers: {{otlp: {{protocols: {protocols}}}}}\n\
         extensions: {{{}}}\nexporters: {{nop: {{}}}}\n\
         service: {{extensions: [{}], \
         pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n",
        extensions.replace("; ", ", "),
        listed.join(", "),
    )
}

fn http(settings: &str, extensions: &str) -> HttpIngest {
    let text = file(&format!("{{http: {{{settings}}}}}"), extensions);
    fixture::plan(&text).receivers.remove(0).http.expect("http")
}

fn grpc(settings: &str, extensions: &str) -> GrpcIngest {
    let text = file(&format!("{{grpc: {{{settings}}}}}"), extensions);
    fixture::plan(&text).receivers.remove(0).grpc.expect("grpc")
}

/// What is said about the receiver.
fn said(settings: &str, extensions: &str) -> Vec<String> {
    let text = file(&format!("{{http: {{{settings}}}}}"), extensions);
    fixture::messages(&text, 1)
}

fn pem(path: &str) -> Pem {
    Pem::File(Path::new(path).to_owned())
}

#[test]
fn both_protocols_read_the_same_tls() {
    let short = "tls: {cert_file: /c, key_file: /k}";
    let expected = TlsServer {
        identity: (pem("/c"), pem("/k")),
        client_ca: None,
        client_ca_reload: false,
        min: TlsVersion::Any,
        max: TlsVersion::Any,
        suites: Vec::new(),
        curves: Vec::new(),
        reload: None,
    };
    assert_eq!(http(short, "").tls, Some(expected.clone()));
    assert_eq!(grpc(short, "").tls, Some(expected));
    let long = "tls: {cert_pem: C, key_pem: K, client_ca_file: /ca, client_ca_file_reload: true, \
                min_version: \"1.2\", max_version: \"1.3\", reload_interval: 5m, \
                cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], \
                curve_preferences: [P256, X25519]}";
    let text = |text: &str| Pem::Text(Secret::Plain(text.to_owned()));
    let expected = TlsServer {
        identity: (text("C"), text("K")),
        client_ca: Some("/ca".into()),
        client_ca_reload: true,
        min: TlsVersion::V12,
        max: TlsVersion::V13,
        suites: vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()],
        curves: vec!["P256".to_owned(), "X25519".to_owned()],
        reload: Some(Duration::from_secs(300)),
    };
    assert_eq!(http(long, "").tls, Some(expected.clone()));
    assert_eq!(grpc(long, "").tls, Some(expected));
}

#[test]
fn tls_without_a_value_and_tls_that_is_off_are_plain_text() {
    for plain in ["tls: ", "tls: {enabled: false}", "tls: {enabled: false, cert_file: /c}"] {
        assert_eq!(http(plain, "").tls, None, "{plain}");
        assert_eq!(grpc(plain, "").tls, None, "{plain}");
    }
}

#[test]
fn tls_that_cannot_be_meant_is_pointed_out() {
    let refused = [
        ("{}", "missing: `cert_file` and `key_file` are required"),
        ("{cert_file: /c}", "missing: `key_file` is required"),
        ("{key_pem: k}", "missing: `cert_file` is required"),
        (
            "{cert_file: /c, cert_pem: c, key_file: /k}",
            "conflict: `cert_file` and `cert_pem` exclude each other",
        ),
        (
            "{cert_file: /c, key_file: /k, min_version: \"1.3\", max_version: \"1.2\"}",
            "conflict: must not be below `min_version`",
        ),
        ("{cert_file: /c, key_file: /k, insecure: true}", "unknown-key: unknown key `insecure`"),
        ("{cert_file: /c, key_file: /k, tpm: {}}", "not-supported: `tpm` is not supported yet"),
    ];
    for (tls, expected) in refused {
        assert_eq!(said(&format!("tls: {tls}"), ""), [expected], "{tls}");
    }
    let warned = [
        ("ca_file: /ca", "ignored: `ca_file` is ignored"),
        ("client_ca_file_reload: true", "ignored: there is no `client_ca_file` to read again"),
        ("min_version: \"1.0\"", "ignored: TLS 1.0 is never spoken"),
    ];
    for (key, expected) in warned {
        let settings = format!("tls: {{cert_file: /c, key_file: /k, {key}}}");
        assert_eq!(said(&settings, ""), [expected], "{key}");
        assert!(http(&settings, "").tls.is_some(), "{key}");
    }
}

#[test]
fn an_authenticator_comes_to_what_a_client_must_know() {
    let secret = |text: &str| Secret::Plain(text.to_owned());
    let basic =
        Authenticator::Basic { file: Some("/run/users".into()), inline: secret("me:s3cret") };
    let auth = "auth: {authenticator: basicauth}";
    assert_eq!(http(auth, BASIC).auth, Some(basic.clone()));
    assert_eq!(grpc(auth, BASIC).auth, Some(basic));
    let bearer = |settings: &str| {
        let extension = format!("bearertokenauth/in: {settings}");
        http("auth: {authenticator: bearertokenauth/in}", &extension).auth.expect("is asked for")
    };
    let expected = |header: &'static str, scheme: &str, tokens: Vec<Secret>| {
        let header = http::HeaderName::from_static(header);
        Authenticator::Bearer { header, scheme: scheme.to_owned(), tokens }
    };
    assert_eq!(
        bearer("{tokens: [one, two]}"),
        expected("authorization", "Bearer", vec![secret("one"), secret("two")])
    );
    assert_eq!(
        bearer("{token: one, scheme: \"\", header: X-Key}"),
        expected("x-key", "", vec![secret("one")])
    );
    let file = Secret::File("/run/token".into());
    assert_eq!(
        bearer("{filename: /run/token}"),
        expected("authorization", "Bearer", vec![file.clone()])
    );
    for off in ["auth: ", "auth: {enabled: false}"] {
        assert_eq!(http(off, BASIC).auth, None, "{off}");
    }
}

#[test]
fn an_authenticator_that_nobody_can_pass_or_that_does_not_start_is_refused() {
    let setter = "headers_setter: {headers: [{key: a, action: insert, value: b}]}";
    let client = "basicauth: {client_auth: {username: a, password: b}}";
    let cases = [
        ("{}", "", "missing: `authenticator` is required"),
        (
            "{authenticator: basicaut}",
            BASIC,
            "unknown-reference: no extension `basicaut` is defined",
        ),
        (
            "{authenticator: headers_setter}",
            setter,
            "conflict: `headers_setter` is for exporters: it asks clients for nothing",
        ),
        (
            "{authenticator: basicauth}",
            client,
            "conflict: `basicauth` is for exporters: it asks clients for nothing",
        ),
        (
            "{authenticator: file_storage}",
            "file_storage: {}",
            "conflict: `file_storage` is no authenticator",
        ),
        (
            "{authenticator: basicauth, request_params: [key]}",
            BASIC,
            "not-supported: `request_params` is not supported yet",
        ),
    ];
    for (auth, extensions, expected) in cases {
        assert_eq!(said(&format!("auth: {auth}"), extensions), [expected], "{auth}");
    }
    let text = file("{grpc: {auth: {authenticator: basicauth}}}", BASIC);
    let unlisted = text.replace("extensions: [basicauth]", "extensions: []");
    assert_eq!(
        fixture::messages(&unlisted, 1),
        ["unknown-reference: `basicauth` is not listed in service.extensions: it does not start"]
    );
}

#[test]
fn credentials_in_the_open_and_passwords_that_nobody_asks_for_are_warned_about() {
    let auth = "auth: {authenticator: basicauth}";
    let open = "endpoint: \"0.0.0.0:4318\"";
    let warning = "surprising: credentials arrive without TLS";
    assert_eq!(said(auth, BASIC), [] as [&str; 0]);
    assert_eq!(said(&format!("{open}, {auth}"), BASIC), [warning]);
    let safe = format!("{open}, {auth}, tls: {{cert_file: /c, key_file: /k}}");
    assert_eq!(said(&safe, BASIC), [] as [&str; 0]);
    let unasked = fixture::messages(&file("{http: {}}", BASIC), 2);
    assert_eq!(unasked, ["surprising: no receiver asks for these passwords"]);
    assert_eq!(
        fixture::messages(&file("{http: {auth: {authenticator: basicauth}}}", BASIC), 2),
        [""; 0]
    );
}

#[test]
fn cors_names_the_pages_that_may_send() {
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<String>>();
    let cors = http("cors: {allowed_origins: [\"https://App.example.com\", \"https://*.b\"]}", "");
    let expected = Cors {
        origins: texts(&["https://app.example.com", "https://*.b"]),
        headers: texts(&["accept", "content-type", "x-requested-with"]),
        exposed: Vec::new(),
        max_age: 0,
    };
    assert_eq!(cors.cors, Some(expected));
    let all = "cors: {allowed_origins: \"*\", allowed_headers: [\"*\", X-Tenant], \
               exposed_headers: [Retry-After], max_age: 600}";
    let expected = Cors {
        origins: texts(&["*"]),
        headers: texts(&["*", "x-tenant"]),
        exposed: texts(&["Retry-After"]),
        max_age: 600,
    };
    assert_eq!(http(all, "").cors, Some(expected));
    for off in ["cors: ", "cors: {enabled: false, allowed_origins: [\"*\"]}"] {
        assert_eq!(http(off, "").cors, None, "{off}");
    }
}

#[test]
fn cors_that_lets_nobody_in_is_pointed_out() {
    let none = "surprising: no page has this origin: nothing matches it";
    let cases = [
        ("{}", "ignored: no origin is allowed: `cors` has no effect"),
        ("{allowed_headers: [a]}", "ignored: no origin is allowed: `cors` has no effect"),
        ("{allowed_origins: [\"*://*.b\"]}", "bad-value: more than one `*`"),
        ("{allowed_origins: [\"https://a/\"]}", none),
        ("{allowed_origins: [a.example.com]}", none),
        ("{allowed_origins: [\"*\"], allowed_headers: [\"a b\"]}", "bad-value: no header name"),
        ("{allowed_origins: [\"*\"], max_age: 2h}", "wrong-type: wrong type"),
    ];
    for (cors, expected) in cases {
        assert_eq!(said(&format!("cors: {cors}"), ""), [expected], "{cors}");
    }
    assert_eq!(said("cors: {allowed_origins: [\"*\", \"null\", \"http://a:1\"]}", ""), [""; 0]);
}

#[test]
fn headers_of_answers_come_in_both_forms_and_leave_the_framing_alone() {
    let names = |settings: &str| {
        let headers = http(&format!("response_headers: {settings}"), "").response_headers;
        headers
            .into_iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect::<Vec<_>>()
    };
    let expected = [("x-a".to_owned(), "1".to_owned()), ("x-b".to_owned(), "2".to_owned())];
    assert_eq!(names("{X-A: \"1\", X-B: \"2\"}"), expected);
    assert_eq!(names("[{name: X-A, value: \"1\"}, {name: X-B, value: \"2\"}]"), expected);
    assert_eq!(
        said("response_headers: {Content-Length: \"1\"}", ""),
        ["ignored: the header `content-length` is not sent"]
    );
    assert_eq!(said("response_headers: {\"a b\": c}", ""), ["bad-value: `a b` is no header name"]);
}

#[test]
fn http3_needs_tls_and_its_version() {
    let tls = "tls: {cert_file: /c, key_file: /k";
    assert!(http(&format!("http3: true, {tls}}}"), "").http3);
    assert!(!http(&format!("http3: false, {tls}}}"), "").http3);
    assert!(!http("", "").http3);
    let missing = "missing: HTTP/3 needs `tls`, which is not set";
    assert_eq!(said("http3: true", ""), [missing]);
    assert_eq!(said("http3: true, tls: {enabled: false}", ""), [missing]);
    let old = format!("http3: true, {tls}, max_version: \"1.2\"}}");
    assert_eq!(said(&old, ""), ["conflict: HTTP/3 needs TLS 1.3"]);
    let half = "http3: true, tls: {cert_file: /c}";
    assert_eq!(said(half, ""), ["missing: `key_file` is required"]);
}

#[test]
fn no_secret_of_a_receiver_shows_in_problems_or_in_the_plan() {
    let shown = format!("{:?}", http("auth: {authenticator: basicauth}", BASIC));
    assert!(!shown.contains("s3cret"), "{shown}");
    let headers = format!("{:?}", http("response_headers: {x: s3cret}", ""));
    assert!(!headers.contains("s3cret"), "{headers}");
    let cases = [
        "basicauth: {unknown: 1, htpasswd: {inline: \"me:s3cret\"}}",
        "basicauth: {client_auth: {username: a}, htpasswd: {inline: \"me:s3cret\"}}",
        "basicauth: {htpasswd: {inline: \"me:s3cret\", unknown: 1}}",
        "bearertokenauth: {scheme: 1, tokens: [one, s3cret]}",
        "bearertokenauth: {tokens: [\"\", s3cret]}",
        "bearertokenauth: {token: s3cret, tokens: [s3cret]}",
    ];
    for extension in cases {
        let problems = fixture::try_load(&file("{http: {}}", extension)).expect_err("is refused");
        assert!(!problems.to_string().contains("s3cret"), "{problems}");
    }
}
