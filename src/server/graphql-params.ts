import { RequestError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import { parseJson } from './parse-json.ts';

/**
 * The parameters of a POST (GraphQL over HTTP, section 5.4), checked for their types. The object is the parsed body
 * itself: further members are kept, and nobody reads them.
 * @throws RequestError 400
 */
export function paramsOfBody(text: string): Record<string, unknown> {
  const body = parseJson(text, 'the body');
  if (!isJsonObject(body)) {
    const hint = Array.isArray(body) ? ' (batches of operations are not offered)' : '';
    throw new RequestError('BAD_REQUEST', `Expected the body to be an object, got ${kindOf(body)}${hint}.`);
  }
  checkParams(body);
  return body;
}

/**
 * The parameters of a GET, checked the same way.
 * @param search the query string, with or without its question mark
 * @throws RequestError 400
 */
export function paramsOfSearch(search: string): Record<string, unknown> {
  const given = new URLSearchParams(search);
  const params: Record<string, unknown> = {};
  for (const name of ['query', 'operationName', 'documentId', ...inJson]) {
    const values = given.getAll(name);
    if (values.length > 1) {
      throw new RequestError('BAD_REQUEST', `Expected the parameter \`${name}\` once, got it ${values.length} times.`);
    }
    const [value] = values;
    if (value !== undefined) params[name] = inJson.includes(name) ? parseJson(value, `\`${name}\``) : value;
  }
  checkParams(params);
  return params;
}

/** What `paramsOfSearch` reads. */
export function searchOf(params: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(params).map(([name, value]): [string, string] => [
    name,
    inJson.includes(name) ? JSON.stringify(value) : String(value),
  ]);
  return new URLSearchParams(texts).toString();
}

const inJson: readonly string[] = ['variables', 'extensions'];

function checkParams(params: Readonly<Record<string, unknown>>): void {
  const { query, operationName, variables, extensions, documentId } = params;
  expect('query', 'a string', query, isAbsent(query) || typeof query === 'string');
  const isName = isAbsent(operationName) || typeof operationName === 'string';
  expect('operationName', 'a string or null', operationName, isName);
  expect('documentId', 'a string or null', documentId, isAbsent(documentId) || typeof documentId === 'string');
  expect('variables', 'an object or null', variables, isAbsent(variables) || isJsonObject(variables));
  expect('extensions', 'an object or null', extensions, isAbsent(extensions) || isJsonObject(extensions));

  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  if (persisted !== undefined) {
    expect('extensions.persistedQuery', 'an object', persisted, isJsonObject(persisted));
    const sha = isJsonObject(persisted) ? persisted['sha256Hash'] : undefined;
    expect('extensions.persistedQuery.sha256Hash', 'a string', sha, typeof sha === 'string');
  } else if ((isAbsent(query) || query === '') && isAbsent(documentId)) {
    throw new RequestError('BAD_REQUEST', 'Expected `query` to be the text of an operation, got nothing.');
  }
}

function expect(name: string, expected: string, value: unknown, holds: boolean): void {
  if (!holds) throw new RequestError('BAD_REQUEST', `Expected \`${name}\` to be ${expected}, got ${kindOf(value)}.`);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
