//! Authenticators: what they come to, what is wrong with them, and that nothing of them is shown.

use crate::config::fixture::{messages, plan, try_load};
use crate::config::plan::{Credential, HeaderStep, HeaderVerb, Secret};

/// Line 2 holds the extensions, line 4 the exporter that refers to `a`.
fn file(listed: &str, extensions: &str, exporter: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{include_metadata: true}}}}}}}}\n\
         extensions: {extensions}\n\
         service: {{extensions: [{listed}], pipelines: {{traces: {{receivers: [otlp], \
         exporters: [{exporter}]}}}}}}\n\
         exporters: {{{exporter}: {{endpoint: \"https://b:1\", auth: {{authenticator: a}}}}}}\n"
    )
    .replace("authenticator: a}", "authenticator: KIND}")
}

fn with(kind: &str, settings: &str) -> String {
    let extensions = format!("{{{kind}: {settings}}}");
    file(kind, &extensions, "otlphttp").replace("KIND", kind)
}

fn steps(kind: &str, settings: &str) -> Vec<HeaderStep> {
    plan(&with(kind, settings)).destinations.remove(0).target.auth().to_vec()
}

fn plain(text: &str) -> Secret {
    Secret::Plain(text.to_owned())
}

#[test]
fn both_names_of_the_authenticators_come_to_one_header() {
    let basic = "{client_auth: {username: me, password: pw}}";
    let expected = Credential::Basic { username: plain("me"), password: plain("pw") };
    for kind in ["basicauth", "basic_auth", "basicauth/x"] {
        let [step] = steps(kind, basic).try_into().expect("one step");
        assert_eq!((step.name.as_str(), step.verb), ("authorization", HeaderVerb::Upsert));
        assert_eq!(step.value, expected);
    }
    for (kind, settings) in
        [("bearertokenauth", "{token: t0k}"), ("bearer_token_auth", "{tokens: [t0k, other]}")]
    {
        let [step] = steps(kind, settings).try_into().expect("one step");
        let scheme = "Bearer".to_owned();
        assert_eq!(step.value, Credential::Bearer { scheme, token: plain("t0k") });
    }
    let own = "{scheme: \"\", header: X-Key, filename: /run/token}";
    let [step] = steps("bearertokenauth", own).try_into().expect("one step");
    assert_eq!(step.name.as_str(), "x-key");
    let token = Secret::File("/run/token".into());
    assert_eq!(step.value, Credential::Bearer { scheme: String::new(), token });
}

#[test]
fn a_headers_setter_is_read_in_order() {
    let settings = "{headers: [\
        {key: X-Scope-OrgID, action: upsert, from_context: X-Tenant, default_value: none}, \
        {key: X-A, action: insert, value: v}, {key: X-B, action: delete}, \
        {key: X-C, action: update, value_file: /run/c}]}";
    let steps = steps("headers_setter", settings);
    let carried = Credential::Context { header: "x-tenant".to_owned(), default: plain("none") };
    let seen: Vec<_> =
        steps.iter().map(|step| (step.name.as_str(), step.verb, step.value.clone())).collect();
    assert_eq!(
        seen,
        [
            ("x-scope-orgid", HeaderVerb::Upsert, carried),
            ("x-a", HeaderVerb::Insert, Credential::Text(plain("v"))),
            ("x-b", HeaderVerb::Delete, Credential::Text(plain(""))),
            ("x-c", HeaderVerb::Update, Credential::Text(Secret::File("/run/c".into()))),
        ]
    );
}

/// Over HTTP the setter goes first, over gRPC the other one, as in the Collector.
#[test]
fn an_additional_authenticator_is_used_as_well() {
    let extensions = "{headers_setter: {additional_auth: basicauth, headers: [{key: x, \
        action: insert, value: v}]}, basicauth: {client_auth: {username: me, password: pw}}}";
    for (exporter, expected) in
        [("otlphttp", ["x", "authorization"]), ("otlp", ["authorization", "x"])]
    {
        let text = file("headers_setter, basicauth", extensions, exporter);
        let text = text.replace("KIND", "headers_setter");
        let destination = plan(&text.replace(
            "https://b:1",
            match exporter {
                "otlp" => "b:1",
                _ => "https://b:1",
            },
        ))
        .destinations
        .remove(0);
        let names: Vec<&str> =
            destination.target.auth().iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, expected, "{exporter}");
    }
}

#[test]
fn unusable_authenticators_are_refused() {
    let cases = [
        ("basicauth", "{}", "missing: no credentials are given"),
        (
            "basicauth",
            "{client_auth: {username: a}, htpasswd: {inline: x}}",
            "conflict: only one of `htpasswd` and `client_auth` can be given",
        ),
        (
            "basicauth",
            "{client_auth: {username: \"a:b\"}}",
            "bad-value: a user name cannot hold a colon",
        ),
        ("bearertokenauth", "{}", "missing: no token is given"),
        (
            "bearertokenauth",
            "{token: a, tokens: [b]}",
            "conflict: `token` and `tokens` exclude each other",
        ),
        ("basicauth", "{htpasswd: {file: \"\"}}", "missing: `file` or `inline` is required"),
        ("bearertokenauth", "{tokens: [a, \"\"]}", "bad-value: an empty token"),
        ("headers_setter", "{headers: []}", "missing: `headers` must hold at least one header"),
        (
            "headers_setter",
            "{headers: [{key: x, action: insert}]}",
            "missing: no source of the value is given",
        ),
        (
            "headers_setter",
            "{headers: [{key: x, action: insert, value: a, from_context: b}]}",
            "conflict: only one of value, value_file, from_context can be given",
        ),
        (
            "headers_setter",
            "{headers: [{key: x, action: insert, from_attribute: subject}]}",
            "not-supported: `from_attribute` is not supported yet",
        ),
        (
            "headers_setter",
            "{headers: [{key: Content-Type, action: insert, value: a}]}",
            "conflict: `content-type` belongs to the connection or the framing",
        ),
    ];
    for (kind, settings, expected) in cases {
        assert_eq!(messages(&with(kind, settings), 2), [expected], "{settings}");
    }
}

#[test]
fn a_reference_must_lead_to_an_authenticator_that_starts() {
    let basic = "{basicauth: {client_auth: {username: me, password: pw}}}";
    let unlisted = file("", basic, "otlphttp").replace("KIND", "basicauth");
    assert_eq!(
        messages(&unlisted, 4),
        ["unknown-reference: `basicauth` is not listed in service.extensions: it does not start"]
    );
    let server = with("basicauth", "{htpasswd: {inline: \"a:b\"}}");
    assert_eq!(
        messages(&server, 4),
        ["conflict: `basicauth` is for receivers: it has no `client_auth`"]
    );
    let storage = with("file_storage", "{}");
    assert_eq!(messages(&storage, 4), ["conflict: `file_storage` is no authenticator"]);
}

#[test]
fn credentials_without_tls_and_headers_that_are_never_there_are_warned_about() {
    let plain = with("bearertokenauth", "{token: t}").replace("https://", "http://");
    assert_eq!(messages(&plain, 4), ["surprising: credentials leave without TLS"]);
    let setter = "{headers: [{key: x, action: upsert, from_context: Tenant}]}";
    let blind = with("headers_setter", setter).replace("include_metadata: true", "");
    assert_eq!(messages(&blind, 4), ["surprising: `from_context: tenant` is never there"]);
    let batch = |keys: &str| {
        let text = with("headers_setter", setter);
        let text = text.replace("exporters: [", "processors: [batch], exporters: [");
        format!("{text}processors: {{batch: {{metadata_keys: [{keys}]}}}}\n")
    };
    assert_eq!(messages(&batch(""), 4), ["surprising: `from_context: tenant` is never there"]);
    assert_eq!(messages(&batch("Tenant"), 4), [] as [String; 0]);
}

#[test]
fn no_secret_shows_in_problems_or_in_the_plan() {
    let cases = [
        ("basicauth", "{client_auth: {username: me, password: s3cret}}"),
        ("bearertokenauth", "{tokens: [s3cret]}"),
        ("headers_setter", "{headers: [{key: x, action: insert, value: s3cret}]}"),
        (
            "headers_setter",
            "{headers: [{key: x, action: insert, from_context: y, default_value: s3cret}]}",
        ),
    ];
    for (kind, settings) in cases {
        let shown = format!("{:?}", plan(&with(kind, settings)));
        assert!(!shown.contains("s3cret"), "{kind}");
        let broken = with(kind, &settings.replacen('{', "{unknown_key: 1, ", 1));
        let problems = try_load(&broken).expect_err("unknown key").to_string();
        assert!(problems.contains("unknown_key") && !problems.contains("s3cret"), "{problems}");
    }
}

#[test]
fn storage_is_read_and_refused_only_where_it_is_used() {
    let extensions = "{file_storage: {directory: /x, timeout: 1s, fsync: true, \
        create_directory: true, directory_permissions: \"0700\", compaction: {on_start: true, \
        check_interval: 1s, max_transaction_size: 10}}}";
    let unused = file("file_storage", extensions, "otlphttp");
    let unused = unused.replace(", auth: {authenticator: KIND}", "");
    assert_eq!(messages(&unused, 2), [] as [String; 0]);
    let used = unused
        .replace("\"https://b:1\"", "\"https://b:1\", sending_queue: {storage: file_storage}");
    assert_eq!(messages(&used, 4), ["not-supported: `storage` is not supported yet"]);
    let wrong = unused.replace("0700", "0900");
    assert_eq!(messages(&wrong, 2), ["bad-value: no file permissions"]);
}

#[test]
fn a_memory_limiter_extension_is_read_and_has_no_effect() {
    let text = |settings: &str| {
        let extensions = format!("{{memory_limiter: {settings}}}");
        let text = file("memory_limiter", &extensions, "otlphttp");
        text.replace(", auth: {authenticator: KIND}", "")
    };
    let good = text("{check_interval: 1s, limit_mib: 100}");
    assert_eq!(messages(&good, 2), ["ignored: `memory_limiter` is ignored"]);
    let wrong = messages(&text("{limit_mib: 100}"), 2);
    assert_eq!(wrong[0], "missing: `check_interval` is required");
}
