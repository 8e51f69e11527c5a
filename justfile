# Short names for what one types often. CI calls .ci/run, which needs no just.

# Lists the recipes.
default:
    @just --list

# Format, lint and test, as CI does it.
check:
    .ci/run fmt clippy test

# Everything CI runs.
ci:
    .ci/run

# The tests of the wire crate only: seconds, while thinking.
wire:
    cargo test --locked -p spanyard-wire

# Starts the gateway on the embedded default.
start:
    cargo run --release --locked

# Three backends, a routing file, ten seconds of load, and what became of it.
demo:
    cargo build --release --locked
    cargo run --release --locked -p loadgen -- demo

# Wall-clock benches of scan, rewrite and pipeline.
bench *ARGS:
    cargo bench --locked {{ARGS}}

# Compares instruction counts with benches/counts/counts.txt.
counts:
    benches/counts/run check

# Records instruction counts, to be committed with the change that explains them.
counts-record:
    benches/counts/run record

# CPU per request beside nginx. Needs a quiet machine with two cores.
peers *ARGS:
    cargo build --release --locked
    benches/peers/run {{ARGS}}

# Slow clients, bombs, overload and the like: `just siege slow`. Needs a quiet machine with two cores.
siege *ARGS:
    cargo build --release --locked --workspace
    tests/siege/run {{ARGS}}

# The Python SDK through the gateway (in CI).
sdk-python:
    cargo build --locked --bins
    tests/sdk/python/run

# The Node SDK through the gateway (by hand; needs node and npm).
sdk-node:
    cargo build --locked --bins
    tests/sdk/node/run

# The same work by the real Collector and by the gateway, compared (needs Go, once).
parity *ARGS:
    cargo build --locked --bins
    tests/parity/run {{ARGS}}

# Do the Collector and `check` accept the same files? (needs Go, once)
validate *ARGS:
    cargo build --locked --bins
    tests/parity/validate {{ARGS}}

# A NestJS service sends OTLP/JSON through the gateway to two backends (needs node and npm).
story:
    cargo build --locked --bins
    tests/story/run

# Dead and silent backends under load, clients of others, every siege; an hour, on a quiet machine.
soak:
    cargo build --release --locked --workspace
    tests/soak/run clients
    tests/soak/run silent
    tests/soak/run isolation
    tests/soak/run isolation --spans 1000 --seconds 20
    tests/siege/floods
    tests/siege/conformance
    tests/siege/conformance --tls
    tests/siege/quic
    for name in slow bombs overload idle tenants fairness; do tests/siege/run $name; done

# Fuzzes every target for SECONDS each.
fuzz SECONDS="60" *TARGETS:
    fuzz/run {{SECONDS}} {{TARGETS}}

# Licences, advisories, bans and sources of dependencies (cargo install --locked cargo-deny).
deny:
    cargo deny --workspace check
