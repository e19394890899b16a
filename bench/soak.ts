import type { Arena, Measured } from './arena.ts';
import { compareAnswers } from './compare-answers.ts';
import type { Contestant } from './contestants.ts';
import { printTable } from './report.ts';
import { median } from './statistics.ts';
import type { Workload } from './workloads.ts';

const slices = 12;
const warmUpSeconds = 5;

/** One long load in slices for each contestant: does GC, memory or CPU grow with time? */
export async function soak(
  arena: Arena,
  workload: Workload,
  contestants: readonly Contestant[],
  seconds: number,
  say: (text: string) => void,
): Promise<string> {
  const tables: string[] = [];
  for (const contestant of contestants) {
    const running = await arena.start(contestant, workload);
    try {
      const lengths = await compareAnswers([running], workload);
      const answerBytes = workload.varies ? {} : { answerBytes: lengths.get(contestant.name) ?? 0 };
      let from = 1_000;
      const measured: Measured[] = [];
      for (let slice = -1; slice < slices; slice += 1) {
        const load = await running.load({
          seconds: slice < 0 ? warmUpSeconds : seconds / slices,
          maxRequests: 10_000_000,
          from,
          ...answerBytes,
        });
        from = load.next;
        if (slice >= 0) measured.push(load);
        say(`${contestant.name}, slice ${slice + 1} of ${slices}: ${load.cpuMsPerRequest.toFixed(3)} ms`);
      }
      tables.push(printSoak(`${contestant.title}, ${workload.name}, ${seconds} s`, measured));
    } finally {
      await running.stop();
    }
  }
  return tables.join('\n\n');
}

/** Drift is the median of the last third over that of the first third. */
function printSoak(title: string, measured: readonly Measured[]): string {
  const third = Math.ceil(measured.length / 3);
  const rows: readonly [string, number, (one: Measured) => number][] = [
    ['CPU ms per request', 3, ({ cpuMsPerRequest }) => cpuMsPerRequest],
    ['GC ms per request', 4, ({ gcMsPerRequest }) => gcMsPerRequest],
    ['major GCs per 1,000 requests', 2, ({ majorGcs, requests }) => (majorGcs * 1000) / requests],
    ['minor GCs per 1,000 requests', 2, ({ minorGcs, requests }) => (minorGcs * 1000) / requests],
    ['resident MB', 0, ({ usage }) => usage.rssBytes / 1e6],
    ['p99 ms', 1, ({ p99 }) => p99],
  ];
  const table = printTable(
    ['', 'first third', 'last third', 'drift', 'slices'],
    rows.map(([name, digits, figure]) => {
      const first = median(measured.slice(0, third).map(figure));
      const last = median(measured.slice(-third).map(figure));
      return [
        name,
        first.toFixed(digits),
        last.toFixed(digits),
        `× ${(last / first).toFixed(2)}`,
        measured.map((one) => figure(one).toFixed(digits)).join(' '),
      ];
    }),
  );
  return `### ${title}\n\n${table}`;
}
