import type { ExplainedSpan } from '../../../../explain/explanation.ts';
import { formatBytes, formatCount } from './format.ts';

export interface WaterfallRow {
  /** Position in the spans. */
  readonly index: number;
  readonly span: ExplainedSpan;
  readonly depth: number;
  readonly title: string;
  /** Where the bar begins and how wide it is, in percent of the whole. */
  readonly left: number;
  readonly width: number;
  /** The parts of a call that was sent, in percent of its bar. */
  readonly parts: readonly { readonly name: 'connect' | 'first byte' | 'download'; readonly width: number }[];
  /** In a few words what stands out; `isFailure` when it went wrong. */
  readonly note: string;
  readonly isFailure: boolean;
}

/** A row for each span, below the one it is a part of, on a scale from 0 to the end of the last. */
export function waterfallRows(spans: readonly ExplainedSpan[]): WaterfallRow[] {
  const end = Math.max(0.01, ...spans.map(({ at, ms }) => at + ms));
  return below(undefined, 0);

  function below(parent: number | undefined, depth: number): WaterfallRow[] {
    let tries = 0;
    return spans.flatMap((span, index) => {
      if (span.parent !== parent) return [];
      if (span.call !== undefined) tries += 1;
      const row: WaterfallRow = {
        index,
        span,
        depth,
        title: titleOf(span, tries),
        left: (100 * span.at) / end,
        width: (100 * span.ms) / end,
        parts: partsOf(span),
        ...noteOf(span),
      };
      return [row, ...below(index, depth + 1)];
    });
  }
}

function titleOf({ name, fetch, call }: ExplainedSpan, tries: number): string {
  if (fetch !== undefined) return `${fetch.index + 1}. ${fetch.subgraph}`;
  return call !== undefined && tries > 1 ? `call, try ${tries}` : name;
}

function partsOf({ ms, call }: ExplainedSpan): WaterfallRow['parts'] {
  if (call?.connectMs === undefined || ms === 0) return [];
  const connect = Math.min(ms, call.connectMs);
  const firstByte = Math.min(ms - connect, call.firstByteMs ?? ms);
  const percent = (part: number): number => (100 * part) / ms;
  return [
    { name: 'connect', width: percent(connect) },
    { name: 'first byte', width: percent(firstByte) },
    { name: 'download', width: percent(ms - connect - firstByte) },
  ];
}

function noteOf({ fetch, call, facts = {} }: ExplainedSpan): Pick<WaterfallRow, 'note' | 'isFailure'> {
  if (call?.code !== undefined) return { note: call.code, isFailure: true };
  if (call !== undefined) return { note: `${call.status}, ${formatBytes(call.bytes)}`, isFailure: call.status >= 400 };
  if (fetch !== undefined) {
    return { note: fetch.cached === 0 ? '' : `${fetch.cached} of ${fetch.entities} cached`, isFailure: false };
  }
  const hits = facts['hits'];
  return { note: typeof hits === 'number' && hits > 0 ? formatCount(hits, 'hit') : '', isFailure: false };
}
