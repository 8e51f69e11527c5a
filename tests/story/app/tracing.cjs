// Starts the OpenTelemetry SDK as the user's services do: by environment, OTLP/JSON over HTTP
// unless OTEL_EXPORTER_OTLP_PROTOCOL names another transport.
// Loaded with `node --require`, before what it instruments.

const { DiagLogLevel, diag } = require('@opentelemetry/api');
const grpc = require('@opentelemetry/exporter-trace-otlp-grpc');
const json = require('@opentelemetry/exporter-trace-otlp-http');
const protobuf = require('@opentelemetry/exporter-trace-otlp-proto');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core');
const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');

const transports = { 'http/json': json, 'http/protobuf': protobuf, grpc };
const { OTLPTraceExporter } = transports[process.env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json'];

// Exporters report failures to the diagnostic log only.
const errors = [];
const note = (...words) => errors.push(words.join(' '));
const silent = () => {};
const logger = { error: note, warn: note, info: silent, debug: silent, verbose: silent };
diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });

const ended = [];
const recorder = {
  onStart() {},
  onEnd(span) {
    ended.push(span);
  },
  async forceFlush() {},
  async shutdown() {},
};

const sdk = new NodeSDK({
  spanProcessors: [
    new tracing.BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: 200 }),
    recorder,
  ],
  instrumentations: [
    new HttpInstrumentation({
      headersToSpanAttributes: { server: { requestHeaders: ['authorization', 'cookie'] } },
    }),
    new NestInstrumentation(),
  ],
});
sdk.start();

// What became of it, once the SDK has shut down.
const story = () => ({
  ended: ended.map((span) => ({
    ...span.spanContext(),
    attributes: span.attributes,
    resource: Object.keys(span.resource.attributes),
  })),
  errors,
});

module.exports = { sdk, story };
