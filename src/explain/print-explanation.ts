import type { ExplainedField, ExplainedSpan, Explanation, PlannedFetch } from './explanation.ts';

/** An explanation as text for a terminal. */
export function printExplanation(explanation: Explanation): string {
  const { plan, spans, fields, limits } = explanation;
  return [
    title(explanation),
    section('Plan', plan.tree),
    section(
      'Requests, each sent as soon as those it comes after are answered',
      plan.fetches.map(requestLine).join('\n'),
    ),
    section('What took how long, in ms', spans.length === 0 ? '' : table(spanRows(spans, undefined, ''))),
    section('Who answers, who may see', table(fields.filter(({ verdict }) => verdict !== 'above').map(fieldCells))),
    section(
      'Rate limits',
      table(
        limits.map(({ policy, scope, charged, remaining, outcome }) => [
          policy,
          scope,
          outcome,
          `${charged} charged`,
          remaining === null ? 'not counted' : `${remaining} left`,
        ]),
      ),
    ),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function title({ principal, operation, plan, cost, cache, spans }: Explanation): string {
  const { name, type } = operation;
  const who =
    principal === null
      ? 'An anonymous client'
      : `${principal.subject} (roles: ${principal.roles.join(', ') || 'none'}; scopes: ${principal.scopes.join(', ') || 'none'})`;
  const calls = spans.length === 0 ? plan.fetches.length : spans.filter((span) => span.call !== undefined).length;
  const parts = [
    `${name ?? 'the operation'}: a ${type}`,
    counted(calls, 'call'),
    cost.estimated === null ? 'its cost cannot be told' : `cost at most ${cost.estimated}`,
    ...(cost.actual === null ? [] : [`in fact ${cost.actual}`]),
    ...(cost.max === null ? [] : [`allowed ${cost.max}`]),
    ...(cache.hits + cache.misses === 0 ? [] : [`cache ${counted(cache.hits, 'hit')}, ${cache.misses} missing`]),
  ];
  return `${who}\n${parts.join(', ')}`;
}

function section(heading: string, text: string): string {
  return text === '' ? '' : `${heading}\n${indented(text)}`;
}

function requestLine({ subgraph, after, parts }: PlannedFetch, index: number): string {
  const waits = after.length === 0 ? '' : `, after ${after.map((fetch) => fetch + 1).join(' and ')}`;
  const places = parts.flatMap(({ paths }) => paths);
  return `${index + 1}. ${subgraph}${waits}${places.length === 0 ? '' : `: ${places.join(', ')}`}`;
}

/** Each with its parts below it. */
function spanRows(spans: readonly ExplainedSpan[], parent: number | undefined, indent: string): string[][] {
  return spans.flatMap((span, index) =>
    span.parent === parent ? [spanCells(span, indent), ...spanRows(spans, index, `${indent}  `)] : [],
  );
}

function spanCells({ name, at, ms, fetch, call, facts = {} }: ExplainedSpan, indent: string): string[] {
  const title = fetch === undefined ? name : `${fetch.index + 1}. ${fetch.subgraph}`;
  const told =
    call !== undefined
      ? [
          call.code ?? `status ${call.status}`,
          ...(call.reason === undefined ? [] : [call.reason]),
          ...(call.entities === 0 ? [] : [counted(call.entities, 'entity')]),
          `${call.bytes} bytes`,
          ...(call.connectMs === undefined ? [] : [`connected ${call.connectMs}`]),
          ...(call.firstByteMs === undefined ? [] : [`first byte ${call.firstByteMs}`]),
        ]
      : fetch !== undefined
        ? [
            counted(fetch.objects, 'object'),
            ...(fetch.entities === 0 ? [] : [counted(fetch.entities, 'entity')]),
            `${fetch.cached} cached`,
          ]
        : Object.entries(facts).map(([fact, value]) => `${fact} ${value}`);
  return [`${indent}${title}`, `at ${at}`, `took ${ms}`, told.join(', ')];
}

function fieldCells({ path, field, subgraphs, verdict, rules, nulls, errors }: ExplainedField): string[] {
  const because = verdict === 'open' ? 'no rule' : rules.join(', ');
  const became = [
    ...(nulls === 0 ? [] : [`null ${counted(nulls, 'time')}`]),
    ...errors.map(({ code, message, count }) => `${count} × ${code}: ${message}`),
  ];
  return [path, field, subgraphs.join(', '), verdict, [because, ...became].filter((text) => text !== '').join('; ')];
}

/** Cells of one column begin in one column. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function indented(text: string): string {
  return text.replaceAll(/^/gmu, '  ');
}

function counted(count: number, what: string): string {
  const several = what.endsWith('y') ? `${what.slice(0, -1)}ies` : `${what}s`;
  return `${count} ${count === 1 ? what : several}`;
}
