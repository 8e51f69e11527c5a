// A small NestJS service. Prints the port it listens on, serves until SIGTERM, then prints its
// spans and the errors of the SDK.
//
// Decorators are applied by hand, so that nothing has to be compiled.

require('reflect-metadata');
const { ConflictException, Controller, Get, Module, Param, Post } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { SpanStatusCode, trace } = require('@opentelemetry/api');
const { sdk, story } = require('./tracing.cjs');

const tracer = trace.getTracer('orders', '1.0.0');

class Orders {
  find(id) {
    trace.getActiveSpan().setAttribute('enduser.id', `user-${id}`);
    const attributes = { 'order.id': Number(id) };
    return tracer.startActiveSpan('load order', { attributes }, (span) => {
      span.addEvent('found', { rows: 1, cached: false });
      span.end();
      return { id, name: 'Żółw' };
    });
  }

  create() {
    return tracer.startActiveSpan('reserve stock', (span) => {
      const error = new ConflictException('sold out');
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      span.end();
      throw error;
    });
  }
}

const method = (name) => Object.getOwnPropertyDescriptor(Orders.prototype, name);
Controller('orders')(Orders);
Get(':id')(Orders.prototype, 'find', method('find'));
Param('id')(Orders.prototype, 'find', 0);
Post()(Orders.prototype, 'create', method('create'));

class App {}
Module({ controllers: [Orders] })(App);

async function main() {
  const app = await NestFactory.create(App, { logger: false });
  await app.listen(0, '127.0.0.1');
  console.log(JSON.stringify({ port: app.getHttpServer().address().port }));
  process.once('SIGTERM', async () => {
    await app.close();
    await sdk.shutdown();
    console.log(JSON.stringify(story()));
  });
}

main();
