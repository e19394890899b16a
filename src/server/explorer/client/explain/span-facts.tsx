import type { CallFacts, ExplainedSpan, FetchFacts } from '../../../../explain/explanation.ts';
import { FactList } from './fact-list.tsx';
import type { Fact } from './fact-list.tsx';
import { formatBytes, formatJson, formatMs } from './format.ts';

interface SpanFactsProps {
  readonly span: ExplainedSpan;
}

/** All that is known of a row of the waterfall. */
export function SpanFacts({ span }: SpanFactsProps) {
  const { name, at, ms, fetch, call, facts = {} } = span;
  const rows: readonly Fact[] = [
    ['began', `${formatMs(at)} after the request came`],
    ['took', formatMs(ms)],
    ...(fetch === undefined ? [] : fetchRows(fetch)),
    ...(call === undefined ? [] : callRows(call, ms)),
    ...Object.entries(facts).map(([fact, value]): Fact => [fact, String(value)]),
  ];
  return (
    <section className="atrium-detail" aria-label={`Facts of ${name}`}>
      <FactList facts={rows} />
      {call?.variables !== undefined && (
        <>
          <p>Variables, as they were sent</p>
          <pre>{formatJson(call.variables)}</pre>
        </>
      )}
    </section>
  );
}

function fetchRows({ objects, entities, cached }: FetchFacts): Fact[] {
  if (entities === 0) return [['objects', String(objects)]];
  const steps = `${objects} found → ${entities} different → ${cached} cached → ${entities - cached} sent`;
  return [['entities', steps]];
}

function callRows(call: CallFacts, ms: number): Fact[] {
  const { address, connectMs, firstByteMs, bytes, status, entities, code, reason, sharedId } = call;
  return [
    ['instance', address ?? 'none was asked'],
    ...(connectMs === undefined ? [] : [['connect', formatMs(connectMs)] as const]),
    ...(firstByteMs === undefined ? [] : [['first byte', formatMs(firstByteMs)] as const]),
    ...(connectMs === undefined || firstByteMs === undefined
      ? []
      : [['download', formatMs(Math.max(0, ms - connectMs - firstByteMs))] as const]),
    ['answer', status === 0 ? 'none came' : `status ${status}, ${formatBytes(bytes)}`],
    ...(entities === 0 ? [] : [['entities sent', String(entities)] as const]),
    ...(code === undefined ? [] : [['code', code] as const]),
    ...(reason === undefined ? [] : [['reason', reason] as const]),
    ...(sharedId === undefined ? [] : [['sent together as', sharedId] as const]),
  ];
}
