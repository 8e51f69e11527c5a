// Starts the OpenTelemetry SDK as the user's services do: OTLP/JSON over HTTP, by environment.
// Loaded with `node --require`, before what it instruments.

const { DiagLogLevel, diag } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core');
const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');

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
