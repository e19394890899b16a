import { z } from 'zod';
import { printTable } from './report.ts';

/** The part of a V8 CPU profile that self times need. */
export const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  /** Microseconds before each sample. */
  timeDeltas: z.array(z.number()),
});

const placesListed = 25;

/** What profiling itself costs. */
const profilerUrl = 'node:inspector';

/** Self time by package or folder, by file and by function as Markdown tables: microseconds per request, and the share. */
export function printProfile(
  { nodes, samples, timeDeltas }: z.output<typeof profileSchema>,
  requests: number,
  functionsListed: number,
): string {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byPlace = new Map<string, number>();
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const micros = timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)' || frame.url === profilerUrl) return;
    total += micros;
    const { place, file } = placeOf(frame.url, frame.functionName);
    add(byPlace, place, micros);
    add(byFile, file, micros);
    add(byFunction, `${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`, micros);
  });
  const table = (title: string, totals: ReadonlyMap<string, number>, limit: number) =>
    printTable(
      [title, 'µs', '%'],
      [...totals]
        .sort(([, a], [, b]) => b - a)
        .slice(0, limit)
        .map(([name, micros]) => [name, (micros / requests).toFixed(1), ((100 * micros) / total).toFixed(1)]),
    );
  return [
    table('package or folder', byPlace, placesListed),
    table('file', byFile, placesListed),
    table('function', byFunction, functionsListed),
  ].join('\n\n');
}

function add(totals: Map<string, number>, key: string, value: number): void {
  totals.set(key, (totals.get(key) ?? 0) + value);
}

const root = new URL('..', import.meta.url).href;

/** Functions without a URL are V8's own, native ones and generated code. */
function placeOf(url: string, functionName: string): { place: string; file: string } {
  if (url === '') {
    return functionName.startsWith('(')
      ? { place: functionName, file: functionName }
      : { place: '(native or generated)', file: '(native or generated)' };
  }
  if (url.startsWith('node:')) return { place: 'node', file: url };
  const [, name, rest = ''] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)(.*)$/.exec(url) ?? [];
  if (name !== undefined) return { place: name, file: `${name}${rest}` };
  const own = url.startsWith(root) ? url.slice(root.length) : url;
  return { place: own.split('/').slice(0, 2).join('/'), file: own };
}
