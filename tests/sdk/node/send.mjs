// Sends 1,000 spans by the OpenTelemetry SDK for Node and fails if an export failed.
//
//     node send.mjs RUN ENDPOINT        RUN is http, json or grpc, or one of them with -gzip
//
// The spans carry the resource attribute sdk.run=RUN, by which the sink counts them.

import { DiagLogLevel, context, diag, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as ByGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as ByJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ByHttp } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const SPANS = 1000;
const [run, endpoint] = process.argv.slice(2);

// Exporters report failures to the diagnostic log only, so the log is what is judged.
const errors = [];
const note = (...words) => errors.push(words.join(' '));
const silent = () => {};
const logger = { error: note, warn: note, info: silent, debug: silent, verbose: silent };
diag.setLogger(logger, DiagLogLevel.WARN);

const compression = run.endsWith('-gzip') ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
const url = `http://${endpoint}`;
const made = {
  http: () => new ByHttp({ url: `${url}/v1/traces`, compression }),
  json: () => new ByJson({ url: `${url}/v1/traces`, compression }),
  grpc: () => new ByGrpc({ url, compression }),
};
const exporter = made[run.split('-')[0]]();
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'sdk-node', 'sdk.run': run }),
  spanProcessors: [
    new BatchSpanProcessor(exporter, { maxQueueSize: 2 * SPANS, maxExportBatchSize: 100 }),
  ],
});
const tracer = provider.getTracer('sdk-test', '1.0.0');

for (let number = 0; number < SPANS / 10; number += 1) {
  const parent = tracer.startSpan(`request ${number}`, { attributes: { number } });
  const inside = trace.setSpan(context.active(), parent);
  for (let step = 0; step < 9; step += 1) {
    tracer.startSpan('step', { attributes: { step, pi: 3.14 } }, inside).end();
  }
  parent.addEvent('done', { ok: true });
  parent.end();
}

await provider.forceFlush();
await provider.shutdown();
if (errors.length > 0) {
  console.error(errors.join('\n'));
  process.exitCode = 1;
}
