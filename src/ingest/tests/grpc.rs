//! gRPC and OTLP/HTTP over HTTP/2, spoken with the h2 client.
