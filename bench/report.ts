import type { Contestant } from './contestants.ts';
import type { Figures } from './measure-workload.ts';
import type { Workload } from './workloads.ts';

/** A Markdown table of one workload. */
export function printFigures(workload: Workload, figures: readonly Figures[]): string {
  const bytes = figures[0]?.answerBytes ?? 0;
  const size = workload.varies ? '' : `, ${bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} KB`}`;
  return [
    `### ${workload.name}: ${workload.title}${size}, ${workload.connections} connections`,
    '',
    printTable(
      [
        '',
        'CPU ms',
        '× floor',
        '× Atrium',
        'calls',
        'req/s',
        'p50 ms',
        'p99 ms',
        'GC ms',
        'major GCs',
        'peak MB',
        'rounds',
      ],
      figures.map((row) => [
        row.title,
        row.cpuMsPerRequest.toFixed(3),
        row.timesFloor?.toFixed(2) ?? '',
        row.timesAtrium?.toFixed(2) ?? '',
        calls(row),
        row.requestsPerSecond.toFixed(row.requestsPerSecond < 100 ? 1 : 0),
        row.p50Ms.toFixed(1),
        row.p99Ms.toFixed(1),
        row.gcMsPerRequest.toFixed(3),
        String(row.majorGcs),
        row.peakRssMb.toFixed(0),
        row.rounds.map((cpu) => cpu.toFixed(3)).join(' '),
      ]),
    ),
  ].join('\n');
}

/** The ratios of all workloads in one Markdown table: CPU as a multiple of the floor's, subgraph calls in brackets. */
export function printSummary(results: readonly WorkloadResult[], contestants: readonly Contestant[]): string {
  const others = contestants.filter(
    ({ name }) =>
      name !== 'floor' && results.some(({ figures }) => figures.some(({ contestant }) => contestant === name)),
  );
  const rows = results.map(({ workload, figures }) => {
    const of = (name: string) => figures.find(({ contestant }) => contestant === name);
    const floor = of('floor');
    return [
      `${workload.name}: ${workload.title}`,
      floor === undefined ? '' : `${floor.cpuMsPerRequest.toFixed(3)} ms (${calls(floor)})`,
      ...others.map(({ name }) => {
        const row = of(name);
        if (row === undefined) return '';
        const cpu =
          row.timesFloor === undefined ? `${row.cpuMsPerRequest.toFixed(3)} ms` : `× ${row.timesFloor.toFixed(2)}`;
        return `${cpu} (${calls(row)})`;
      }),
    ];
  });
  return [
    'CPU of the gateway per request, as a multiple of the floor; in brackets the calls to subgraphs.',
    '',
    printTable(['', 'floor', ...others.map(({ title }) => title)], rows),
  ].join('\n');
}

export interface WorkloadResult {
  readonly workload: Workload;
  readonly figures: readonly Figures[];
}

function calls({ callsPerRequest }: Figures): string {
  return callsPerRequest.toFixed(Number.isInteger(callsPerRequest) ? 0 : 1);
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
