/** Stands in for `atrium serve` with workers: the same primary, and workers that start in no time and do as they are told. */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ValueType } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import { serveAsWorker } from '../../src/cli/serve-worker.ts';
import { ConfigurationError, RequestError, messageOf } from '../../src/core/errors.ts';
import type { Atrium } from '../../src/create-atrium.ts';
import { createLogger, openLogStream } from '../../src/telemetry/create-logger.ts';

const [countText, sharing, behaviour] = process.argv.slice(2);

process.exitCode = cluster.worker === undefined ? await supervise() : await work(cluster.worker.id);

async function supervise(): Promise<number> {
  // Here, so that workers need not load it.
  const { superviseWorkers } = await import('../../src/cli/supervise-workers.ts');
  const supervisor = superviseWorkers({
    count: Number(countText),
    admin: { enabled: true, host: '127.0.0.1', port: 0 },
    sharesStores: sharing === 'shared',
    logging: { level: 'info' },
    stream: openLogStream(),
  });
  const stopped = new Promise<void>((resolve, reject) => {
    process.once('SIGTERM', () => void supervisor.stop().then(resolve, reject));
  });
  process.once('SIGUSR2', () => process.exit(1));
  try {
    process.stderr.write(`${JSON.stringify(await supervisor.start())}\n`);
    await Promise.race([stopped, supervisor.failed]);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

async function work(id: number): Promise<number> {
  const logger = createLogger({ level: 'info', worker: id });
  const held: ServerResponse[] = [];
  let served = 0;
  const server = createServer((request, response) => {
    served += 1;
    logger.info({ path: request.url, long: 'x'.repeat(300_000) }, 'request');
    if (request.url === '/hold') {
      held.push(response);
      process.stderr.write('held\n');
    } else response.end(JSON.stringify({ id, pid: process.pid, flags: process.execArgv }));
  });
  const atrium: Atrium = {
    async start() {
      if (behaviour === 'unstartable') throw new ConfigurationError('the supergraph is not one');
      if (behaviour === 'crash') process.exit(7);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return { url: `http://127.0.0.1:${port}`, port, adminUrl: undefined, facts: undefined };
    },
    async stop() {
      if (behaviour === 'stubborn' && id === 1) process.exit(3);
      for (const response of held) response.end('answered');
      await new Promise((resolve) => server.close(resolve));
    },
    actions: {
      async supergraph() {
        return { id: 'abc', sdl: 'type Query { a: Int }', since: new Date(0).toUTCString() };
      },
      explain: async () => ({}),
      metrics: async () => [[counterOf(served)]],
      async invalidate(body) {
        const { kind, worker } = Object(body);
        if (kind === 'refuse') throw new RequestError('BAD_REQUEST', 'Expected a tag, got none.');
        if (kind === 'fail') throw new Error('at 10.0.0.1');
        if (kind === 'die' && worker === id) process.kill(process.pid, 'SIGKILL');
        if (kind === 'spin') {
          process.stderr.write('spinning\n');
          for (;;);
        }
        process.stderr.write(`told ${id}\n`);
        return kind === 'later' ? { kind, outcome: 'delayed' } : { kind };
      },
    },
  };
  return serveAsWorker(atrium, logger);
}

function counterOf(count: number): MetricData {
  const time: HrTime = [0, 0];
  return {
    descriptor: { name: 'served', description: '', unit: '', valueType: ValueType.INT },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ startTime: time, endTime: time, attributes: {}, value: count }],
  };
}
