// Spans of Jaeger's own client for Node.js, in Thrift's binary protocol over UDP: npm install jaeger-client@3.19.0
const { initTracer } = require('jaeger-client');

const config = {
  serviceName: 'node',
  sampler: { type: 'const', param: 1 },
  reporter: { agentHost: '127.0.0.1', agentPort: 6832 },
};
const tracer = initTracer(config, { tags: { version: '1.0', hostname: 'host', ip: '127.0.0.1' } });
const parent = tracer.startSpan('parent', { tags: { 'span.kind': 'server' } });
const child = tracer.startSpan('child', { childOf: parent });
child.addTags({ text: 'größer', yes: true, no: false, whole: -7, part: 1.5, binary: Buffer.from([1, 2]), object: { a: 1 } });
child.log({ event: 'event', whole: 1 });
child.finish();
parent.finish();
tracer.close();
