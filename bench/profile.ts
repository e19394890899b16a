import { mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openArena } from './arena.ts';
import { compareAnswers } from './compare-answers.ts';
import { contestantNames, contestants, telemetryContestants } from './contestants.ts';
import type { Contestant } from './contestants.ts';
import { printProfile, profileSchema } from './print-profile.ts';
import { workloadNames, workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

const help = `Shows where a gateway's CPU goes under one workload.

Usage: node bench/profile.ts [flags]

  --workload a      ${workloadNames.join(', ')} (default: deep)
  --contestant x    ${contestantNames.join(', ')} (default: atrium)
  --seconds N       profiled, after as many of warm-up (default: 8)
  --top N           functions listed (default: 40)
  --out FILE        the profile, for a browser's tools (default: .atrium/<contestant>-<workload>.cpuprofile)`;

const samplingMicros = 200;
const maxRequests = 1_000_000;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const { values } = parseArgs({
  options: {
    workload: { type: 'string', default: 'deep' },
    contestant: { type: 'string', default: 'atrium' },
    seconds: { type: 'string', default: '8' },
    top: { type: 'string', default: '40' },
    out: { type: 'string' },
  },
});
const contestant = [...contestants, ...telemetryContestants].find(({ name }) => name === values.contestant);
const workload = workloads.find(({ name }) => name === values.workload);
if (contestant === undefined || workload === undefined) {
  process.stderr.write(`${help}\n`);
  process.exitCode = 1;
} else {
  const file = resolve(values.out ?? `.atrium/${contestant.name}-${workload.name}.cpuprofile`);
  process.stdout.write(await profile(contestant, workload, Number(values.seconds), Number(values.top), file));
}

async function profile(
  contestant: Contestant,
  workload: Workload,
  seconds: number,
  top: number,
  file: string,
): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const arena = await openArena();
  try {
    const running = await arena.start(contestant, workload);
    await compareAnswers([running], workload);
    const warm = await running.load({ seconds, maxRequests, from: 1_000 });
    await running.process.ask('startProfile', samplingMicros, z.unknown());
    const load = await running.load({ seconds, maxRequests, from: warm.next });
    await running.process.ask('stopProfile', file, z.unknown());
    const read = profileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return (
      `${contestant.title}, ${workload.name}: ${warm.cpuMsPerRequest.toFixed(3)} ms of CPU per request, ` +
      `${load.cpuMsPerRequest.toFixed(3)} ms while profiled (${load.requests} requests, GC ${load.gcMsPerRequest.toFixed(3)} ms each). ` +
      `Self time per request by the clock of the main thread, which a busy machine makes longer than CPU time:\n\n${printProfile(read, load.requests, top)}\n\nProfile: ${file}\n`
    );
  } finally {
    await arena.close();
  }
}
