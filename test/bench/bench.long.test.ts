import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = new URL('../..', import.meta.url).pathname;

const resultsSchema = z.object({
  workloads: z.array(
    z.object({
      name: z.string(),
      figures: z.array(
        z.object({
          contestant: z.string(),
          callsPerRequest: z.number(),
          cpuMsPerRequest: z.number().positive(),
          requestsPerSecond: z.number().positive(),
          timesFloor: z.number().positive(),
          peakRssMb: z.number().positive(),
        }),
      ),
    }),
  ),
});

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-bench-test-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function run(script: string, ...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let error = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, error }));
  });
}

describe('the benchmark', () => {
  it('finds equal answers and counts the calls of the aggregator and of Atrium', { timeout: 120_000 }, async () => {
    const file = join(folder, 'results.json');
    const { code, out, error } = await run(
      'bench/main.ts',
      '--quick',
      '--contestant',
      'floor,atrium',
      '--workload',
      'deep,order-history',
      '--out',
      file,
    );
    expect({ code, error }).toMatchObject({ code: 0 });
    expect(out).toContain('### deep');

    const { workloads } = resultsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const calls = (workload: string, contestant: string) =>
      workloads.find(({ name }) => name === workload)?.figures.find((figures) => figures.contestant === contestant)
        ?.callsPerRequest;
    expect(calls('deep', 'floor')).toBe(7);
    expect(calls('deep', 'atrium')).toBeLessThanOrEqual(7);
    expect(calls('order-history', 'floor')).toBe(5);
    expect(calls('order-history', 'atrium')).toBe(5);
  });

  it('names the flag that is wrong', async () => {
    const { code, error } = await run('bench/main.ts', '--workload', 'deep,depe');
    expect(code).toBe(1);
    expect(error).toContain('--workload expects names of deep, ');
    expect(error).toContain('got depe');
  });

  it('executes the same in one process as the aggregator, one by one and interleaved', async () => {
    for (const inFlight of ['1', '8']) {
      const { code, out, error } = await run('bench/micro.ts', '--seconds', '0.2', '--in-flight', inFlight);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(out).toMatch(/\| Atrium .*\n\| hand-written /);
    }
  });
});
