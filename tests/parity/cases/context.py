"""`from_context`: values that an attribute takes from the request's headers and its client."""

from otlp import group, log, logs, span, traces
from rows import Differs, Row

HEADERS = {
    "X-Tenant": "north",
    "X-Twice": ["one", "two"],
    "X-Empty": "",
    "User-Agent": "parity/1",
    "Authorization": "Bearer t",
}
SHOP = group({"service.name": "shop", "there": 1}, [span("a", {"there": 1})])
SENT = [traces(SHOP, headers=HEADERS)]


def row(name, actions, kind="resource", send=None, **options):
    word = "attributes" if kind == "resource" else "actions"
    listed = "\n".join(f"    - {{{action}}}" for action in actions.split("\n"))
    options.setdefault("processors", "")
    options["processors"] = f"{kind}/@:\n  {word}:\n{listed}\n{options['processors']}"
    options.setdefault("chain", [f"{kind}/@"])
    return Row(f"context/{name}", send or SENT, **options)


def on_both(name, actions, **options):
    return [
        row(name, actions, **options),
        row(f"{name}-on-spans", actions, "attributes", **options),
    ]


BATCH = "batch/@: {timeout: 100ms, metadata_keys: [x-tenant]}"
ROWS = [
    *on_both("metadata", "key: t, from_context: metadata.x-tenant, action: insert"),
    *on_both("metadata-other-case", "key: t, from_context: metadata.X-TENANT, action: upsert"),
    *on_both("metadata-twice", "key: t, from_context: metadata.x-twice, action: upsert"),
    *on_both("metadata-empty", "key: t, from_context: metadata.x-empty, action: upsert"),
    *on_both("metadata-missing", "key: t, from_context: metadata.x-nope, action: upsert"),
    *on_both(
        "default-value",
        "key: t, from_context: metadata.x-nope, default_value: none, action: upsert\n"
        "key: e, from_context: metadata.x-empty, default_value: none, action: upsert",
    ),
    *on_both("bare-header", "key: t, from_context: x-tenant, action: upsert"),
    *on_both("client-address", "key: t, from_context: client.address, action: upsert"),
    *on_both(
        "without-metadata",
        "key: t, from_context: metadata.x-tenant, action: upsert\n"
        "key: c, from_context: client.address, action: upsert",
        http="include_metadata: false",
    ),
    row("update", "key: there, from_context: metadata.x-tenant, action: update"),
    row("insert-present", "key: there, from_context: metadata.x-tenant, action: insert"),
    row("user-agent", "key: t, from_context: metadata.user-agent, action: insert"),
    row("authorization", "key: t, from_context: metadata.authorization, action: insert"),
    row("content-type", "key: t, from_context: metadata.content-type, action: insert"),
    row(
        "auth-without-auth",
        "key: t, from_context: auth.subject, action: insert",
        differs=Differs(
            "what an authenticator learned is not supported yet", ["answer 200"], ["refused"]
        ),
    ),
    row(
        "after-batch",
        "key: t, from_context: metadata.x-tenant, action: insert\n"
        "key: u, from_context: metadata.x-twice, action: insert\n"
        "key: c, from_context: client.address, action: insert",
        processors="batch/@: {timeout: 100ms}",
        chain=["batch/@", "resource/@"],
        differs=Differs(
            "client.address stays known after batch",
            ['"c" = string ""', '!"t" =', '!"u" ='],
            ['"c" = string "127.0.0.1"', '!"t" =', '!"u" ='],
        ),
    ),
    row(
        "after-batch-with-keys",
        "key: t, from_context: metadata.x-tenant, action: insert\n"
        "key: u, from_context: metadata.x-twice, action: insert",
        processors=BATCH,
        chain=["batch/@", "resource/@"],
    ),
    row(
        "before-batch",
        "key: t, from_context: metadata.x-tenant, action: insert",
        processors=BATCH,
        chain=["resource/@", "batch/@"],
    ),
    row(
        "grpc",
        "key: t, from_context: metadata.x-tenant, action: insert\n"
        "key: w, from_context: metadata.x-twice, action: insert\n"
        "key: c, from_context: client.address, action: insert",
        send=[
            traces(
                group({"a": 1}), headers={"X-Tenant": "north", "X-Twice": ["one", "two"]}, grpc=True
            )
        ],
    ),
    row(
        "grpc-without-metadata",
        "key: t, from_context: metadata.x-tenant, action: insert\n"
        "key: c, from_context: client.address, action: insert",
        send=[traces(group({"a": 1}), headers={"X-Tenant": "north"}, grpc=True)],
        grpc="include_metadata: false",
    ),
    row(
        "two-requests",
        "key: t, from_context: metadata.x-tenant, action: insert",
        send=[
            traces(group({"a": 1}), headers={"X-Tenant": "north"}),
            traces(group({"a": 2}), headers={"X-Tenant": "south"}),
            traces(group({"a": 3})),
        ],
    ),
    row(
        "logs",
        "key: t, from_context: metadata.x-tenant, action: insert",
        "attributes",
        send=[logs(group({"a": 1}, [log()]), headers=HEADERS)],
    ),
]
