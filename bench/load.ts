import { Pool } from 'undici';
import { answerParent } from './support/answer-parent.ts';
import { loadJobSchema } from './support/schemas.ts';
import type { LoadJob, LoadResult } from './support/schemas.ts';
import { workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

// The clients, in a process of their own. Ends when the time is up or enough was asked, whichever comes first.

answerParent({ load: (payload) => load(loadJobSchema.parse(payload)) });

async function load(job: LoadJob): Promise<LoadResult> {
  const workload = workloads.find(({ name }) => name === job.workload);
  if (workload === undefined) throw new Error(`no workload "${job.workload}"`);
  const { origin, pathname } = new URL(job.url);
  const tolerance = job.toleratesFailures === true ? { headersTimeout: 5_000 } : {};
  const { connections = workload.connections } = job;
  const pool = new Pool(origin, { connections, pipelining: 1, ...tolerance });
  let failed = 0;
  const latencies: number[] = [];
  let next = job.from;
  const start = performance.now();
  const end = start + job.seconds * 1000;
  const client = async () => {
    while (next - job.from < job.maxRequests) {
      const asked = performance.now();
      if (asked >= end) return;
      const serial = next++;
      await ask(pool, pathname, workload, serial, job.answerBytes).catch((error: unknown) => {
        if (job.toleratesFailures !== true) throw error;
        failed += 1;
      });
      latencies.push(performance.now() - asked);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, client));
  } finally {
    await pool.close();
  }
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  return { requests: latencies.length, seconds, p50: quantile(0.5), p99: quantile(0.99), failed, next };
}

/** Resolves when the answer is there; rejects when it is not what it should be. */
function ask(
  pool: Pool,
  path: string,
  workload: Workload,
  serial: number,
  answerBytes: number | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
    if (workload.tokens) headers['authorization'] = `Bearer token-${serial.toString().padStart(12, '0')}`;
    let status = 0;
    let bytes = 0;
    let first: Buffer | undefined;
    pool.dispatch(
      { path, method: 'POST', headers, body: workload.body(serial) },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length;
          first ??= chunk;
        },
        onResponseEnd: () => {
          const begin = first?.toString('latin1', 0, 300) ?? '';
          const right = status === 200 && begin.startsWith('{"data":{') && (answerBytes ?? bytes) === bytes;
          if (right) return resolve();
          reject(
            new Error(`request ${serial}: expected ${answerBytes ?? 'some'} bytes of data, got ${status} ${begin}`),
          );
        },
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
