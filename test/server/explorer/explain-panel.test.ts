import { describe, expect, it } from 'vitest';
import type { ExplainedField, ExplainedSpan } from '../../../src/explain/explanation.ts';
import { formatBytes, formatCount, formatJson, formatMs } from '../../../src/server/explorer/client/explain/format.ts';
import { nullsIn } from '../../../src/server/explorer/client/explain/nulls-in.ts';
import { layoutPlan } from '../../../src/server/explorer/client/explain/plan-layout.ts';
import { takeExplanation } from '../../../src/server/explorer/client/explain/take-explanation.ts';
import { waterfallRows } from '../../../src/server/explorer/client/explain/waterfall-rows.ts';
import { standsOut, whyNull } from '../../../src/server/explorer/client/explain/why-null.ts';
import { annsExplanation } from '../../e2e/order-explanations.ts';

describe('takeExplanation', () => {
  it('leaves no extensions where there were no others', () => {
    const taken = takeExplanation({ data: { a: 1 }, extensions: { atrium: annsExplanation } });

    expect(taken).toEqual({ answer: { data: { a: 1 } }, explanation: annsExplanation });
    expect(taken.answer).not.toHaveProperty('extensions');
  });

  it('keeps other extensions, and an answer without explanation as it is', () => {
    const answer = { data: null, extensions: { atrium: annsExplanation, valueCompletion: [] } };
    const plain = { data: null, extensions: {} };

    expect(takeExplanation(answer).answer).toEqual({ data: null, extensions: { valueCompletion: [] } });
    expect(takeExplanation(plain)).toEqual({ answer: plain, explanation: undefined });
  });
});

describe('layoutPlan', () => {
  it('puts each fetch to the right of those it comes after, and draws no arrow that follows from others', () => {
    const { boxes, arrows } = layoutPlan(annsExplanation.plan.fetches);
    const columns = [...new Set(boxes.map(({ x }) => x))].toSorted((a, b) => a - b);

    expect(boxes.map(({ x }) => columns.indexOf(x))).toEqual([0, 1, 2, 2, 3]);
    expect(boxes[2]?.y).not.toBe(boxes[3]?.y);
    expect(arrows.map(({ from, to }) => `${from}→${to}`)).toEqual(['0→1', '1→2', '1→3', '3→4']);
  });

  it('has all boxes within its size', () => {
    const { boxes, width, height } = layoutPlan([{ after: [] }, { after: [] }, { after: [1] }]);

    expect(Math.max(...boxes.map(({ x }) => x)) + 112).toBeLessThan(width);
    expect(Math.max(...boxes.map(({ y }) => y)) + 44).toBeLessThan(height);
  });
});

describe('waterfallRows', () => {
  const call = { subgraph: 'a', bytes: 10, status: 200, entities: 0 };
  const spans: readonly ExplainedSpan[] = [
    { name: 'parse', at: 0, ms: 10 },
    { name: 'execute', at: 10, ms: 90 },
    {
      name: 'fetch',
      parent: 1,
      at: 10,
      ms: 80,
      fetch: { index: 0, subgraph: 'a', objects: 3, entities: 2, cached: 1 },
    },
    { name: 'cache', parent: 1, at: 10, ms: 5, facts: { hits: 1, misses: 1 } },
    { name: 'call', parent: 2, at: 20, ms: 20, call: { ...call, status: 0, code: 'SUBGRAPH_UNREACHABLE' } },
    { name: 'call', parent: 2, at: 50, ms: 40, call: { ...call, connectMs: 10, firstByteMs: 20 } },
  ];

  it('nests calls below their fetch and numbers further tries', () => {
    const rows = waterfallRows(spans).map(({ depth, title, note }) => [depth, title, note]);

    expect(rows).toEqual([
      [0, 'parse', ''],
      [0, 'execute', ''],
      [1, '1. a', '1 of 2 cached'],
      [2, 'call', 'SUBGRAPH_UNREACHABLE'],
      [2, 'call, try 2', '200, 10 B'],
      [1, 'cache', '1 hit'],
    ]);
  });

  it('places all bars on one scale and divides those of calls', () => {
    const rows = waterfallRows(spans);

    expect(rows[1]).toMatchObject({ left: 10, width: 90, parts: [] });
    expect(rows[3]).toMatchObject({ left: 20, width: 20, parts: [], isFailure: true });
    expect(rows[4]?.parts.map(({ width }) => width)).toEqual([25, 50, 25]);
  });

  it('never divides a bar into more than it is', () => {
    const [row] = waterfallRows([{ name: 'call', at: 0, ms: 10, call: { ...call, connectMs: 4, firstByteMs: 9 } }]);

    expect(row?.parts.map(({ width }) => width)).toEqual([40, 60, 0]);
  });
});

describe('nullsIn', () => {
  it('finds the nulls below data by their response names, whatever stands in strings', () => {
    const answer = {
      errors: [{ message: 'null', extensions: { cause: null } }],
      data: { a: null, list: [{ b: 'null, "a": null' }, { b: null }, null], 'quoted\\"': 1, c: { d: null } },
    };
    const text = JSON.stringify(answer, undefined, 2);

    const found = nullsIn(text);

    expect(found.map(({ path }) => path)).toEqual(['a', 'list.b', 'list', 'c.d']);
    expect(found.every(({ offset }) => text.startsWith('null', offset))).toBe(true);
  });

  it('takes an answer without data, and text that is no JSON', () => {
    expect(nullsIn('{"data": null}')).toEqual([]);
    expect(nullsIn('Failed to fetch: ] null')).toEqual([]);
  });
});

describe('whyNull', () => {
  const open: ExplainedField = {
    path: 'me',
    field: 'Query.me',
    subgraphs: ['users'],
    verdict: 'open',
    rules: [],
    nulls: 0,
    errors: [],
  };
  const denied: ExplainedField = { ...open, path: 'me.orders', subgraphs: [], verdict: 'denied', nulls: 1 };

  it('names the denied field above', () => {
    const below: ExplainedField = { ...open, path: 'me.orders.id', verdict: 'above' };

    expect(whyNull(below, [open, denied, below])).toEqual(['It was not asked for: me.orders is denied.']);
    expect(whyNull(denied, [open, denied])[0]).toBe('A rule denied it: no subgraph was asked.');
  });

  it('tells what a subgraph answered from what an error below has made of it', () => {
    const nothing = { ...open, nulls: 2 };
    const failed = { ...open, path: 'me.name', errors: [{ code: 'SUBGRAPH_TIMEOUT', message: 'late', count: 1 }] };

    expect(whyNull(nothing, [nothing]).join(' ')).toBe(
      'It is null 2 times in the answer. No error came with it: null is what users answered.',
    );
    expect(whyNull(nothing, [nothing, failed]).join(' ')).toContain('me.name below it has an error');
  });

  it('has a reader look at what is null, denied or failed', () => {
    expect([open, denied, { ...open, nulls: 1 }].map(standsOut)).toEqual([false, true, true]);
  });
});

describe('numbers', () => {
  it('have as many digits as say something', () => {
    expect([0.04, 12.345, 99.96, 123.4, 1_250].map(formatMs)).toEqual([
      '0.0 ms',
      '12.3 ms',
      '100.0 ms',
      '123 ms',
      '1.25 s',
    ]);
    expect([0, 999, 1_696, 2_300_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.7 kB', '2.3 MB']);
    expect([formatCount(1, 'call'), formatCount(2, 'entity')]).toEqual(['1 call', '2 entities']);
  });

  it('come with JSON over several lines', () => {
    expect(formatJson('{"a":[]}')).toBe('{\n  "a": []\n}');
    expect(formatJson('[redacted')).toBe('[redacted');
  });
});
