//! OTLP bytes.
