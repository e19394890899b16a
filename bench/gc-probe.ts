import { Session } from 'node:inspector/promises';
import { writeFile } from 'node:fs/promises';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { answerParent } from './support/answer-parent.ts';
import type { Alive, Usage } from './support/schemas.ts';

// Preloaded into every contestant: tells the benchmark what the process has used, without the process knowing.

let majorGcs = 0;
let minorGcs = 0;
let gcMs = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    gcMs += entry.duration;
    if (kindOf(entry) === constants.NODE_PERFORMANCE_GC_MAJOR) majorGcs += 1;
    else minorGcs += 1;
  }
}).observe({ entryTypes: ['gc'] });

let profiler: Session | undefined;

answerParent({
  usage: (): Usage => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      cpuMicros: userCPUTime + systemCPUTime,
      majorGcs,
      minorGcs,
      gcMs,
      rssBytes: rss,
      peakRssBytes: maxRSS * 1024,
      heapUsedBytes: heapUsed,
    };
  },
  /** What is left after a full collection; needs --expose-gc. */
  alive: async (): Promise<Alive> => {
    if (globalThis.gc === undefined) throw new Error('expected --expose-gc');
    // What ended just now is let go of after the first collection only.
    for (let left = 3; left > 0; left -= 1) await globalThis.gc({ type: 'major', execution: 'async' });
    const { heapUsed, external } = process.memoryUsage();
    return { heapBytes: heapUsed, externalBytes: external, resources: process.getActiveResourcesInfo() };
  },
  /** Takes microseconds between two samples. */
  startProfile: async (payload) => {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: Number(payload) });
    await profiler.post('Profiler.start');
  },
  /** Takes the file the profile is written to. */
  stopProfile: async (payload) => {
    const stopped = await profiler?.post('Profiler.stop');
    profiler?.disconnect();
    await writeFile(String(payload), JSON.stringify(stopped?.profile));
  },
});
// The probe must not keep a process alive that wants to end.
process.channel?.unref();

/** Node's types know no `detail`, the entries have one. */
function kindOf(entry: PerformanceEntry): unknown {
  if (!('detail' in entry)) return undefined;
  const { detail } = entry;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined;
}
