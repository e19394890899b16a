import { isJsonObject } from '../../src/core/json.ts';
import type { Answer } from './ask.ts';

/** Stands in everything that a subgraph or Redis says and no client may hear. */
export const secret = 'hunter2-of-the-inside';

const internals: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a URL', /\b(?:https?|rediss?):\/\//i],
  ['an address', /\b127\.0\.0\.1\b|\blocalhost\b|::1\b/],
  ['an error of the program', /\b(?:Type|Range|Reference|Syntax|Aggregate|Eval|Socket|Internal)Error\b/],
  ['a stack', /\bat \S+ \(?\S+:\d+:\d+\)?/],
  [
    'a code of the system',
    /\b(?:E(?:CONN|HOST|NOTFOUND|AI_|PIPE|TIMEDOUT)[A-Z_]*|UND_ERR_\w+|ERR_[A-Z]{3}\w*|HPE_\w+)\b/,
  ],
  ['a file', /\bnode_modules\b|\bfile:\/\/|\/src\/|\.ts\b/],
  [
    'a name of the program’s insides',
    /Cannot read properties|is not a function|is not iterable|\[object Object\]|undici|ioredis|fastify/,
  ],
  ['what is secret', new RegExp(secret)],
];

/**
 * What an answer of `/graphql` may not be, in words; empty when it is as it should: a GraphQL response (GraphQL
 * specification, section 7.1) with the status of GraphQL over HTTP, that tells nothing of the inside.
 */
export function answerProblems({ status, contentType, text, body }: Answer): string[] {
  const problems = internals.flatMap(([what, pattern]) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`tells ${what}: ${found[0]}`];
  });
  const mediaType = contentType.split(';', 1)[0] ?? '';
  if (mediaType !== 'application/json' && mediaType !== 'application/graphql-response+json')
    problems.push(`content-type ${contentType}`);
  if (!isJsonObject(body)) return [...problems, 'no JSON object'];
  for (const key of Object.keys(body))
    if (!['data', 'errors', 'extensions'].includes(key)) problems.push(`unknown key ${key}`);
  const { data, errors } = body;
  if (errors !== undefined && (!Array.isArray(errors) || errors.length === 0))
    problems.push('errors is no list of any');
  const list: readonly unknown[] = Array.isArray(errors) ? errors : [];
  problems.push(...list.flatMap((error) => errorProblems(error, data)));
  if (data === undefined || data === null) {
    if (list.length === 0) problems.push('no data without an error');
  } else if (!isJsonObject(data)) problems.push('data is no object');
  if (data === undefined && status < 400) problems.push(`status ${status} without data`);
  if (isJsonObject(data) && status !== 200) problems.push(`status ${status} with data`);
  return problems;
}

function errorProblems(error: unknown, data: unknown): string[] {
  if (!isJsonObject(error)) return ['an error that is no object'];
  const { message, path, locations, extensions } = error;
  const problems: string[] = [];
  if (typeof message !== 'string' || message === '') problems.push('an error without a message');
  if (!isJsonObject(extensions) || typeof extensions['code'] !== 'string') problems.push('an error without a code');
  if (locations !== undefined && !(Array.isArray(locations) && locations.every(isLocation)))
    problems.push('locations that are none');
  if (path === undefined) return problems;
  if (data === undefined) return [...problems, 'a path without data'];
  if (!Array.isArray(path) || path.length === 0 || !path.every(isKey)) return [...problems, 'a path that is none'];
  const code = isJsonObject(extensions) ? String(extensions['code']) : '';
  if (code.startsWith('SUBGRAPH_') && !leadsToNull(data, path))
    problems.push(`a path without a null: ${path.join('.')}`);
  return problems;
}

function isLocation(location: unknown): boolean {
  return (
    isJsonObject(location) &&
    [location['line'], location['column']].every((at) => Number.isInteger(at) && Number(at) > 0)
  );
}

function isKey(key: unknown): key is string | number {
  return typeof key === 'string' || (typeof key === 'number' && Number.isInteger(key) && key >= 0);
}

function leadsToNull(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data;
  for (const key of path) {
    if (value === null) return true;
    if (typeof value !== 'object' || !Object.hasOwn(value ?? {}, key)) return false;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value === null;
}
