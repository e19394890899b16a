import { isAscii, isUtf8 } from 'node:buffer';
import { isJsonObject } from '../core/json.ts';
import { parseExactly } from '../core/parse-exactly.ts';
import type { SubgraphError, SubgraphResponse } from './client.ts';

/** The body of a GraphQL response (GraphQL specification, section 7.1), or why it is none: a text for operators. */
export type ParsedResponse = Pick<SubgraphResponse, 'data' | 'errors' | 'extensions'> | { readonly problem: string };

export function parseResponse(contentType: string | undefined, body: Buffer): ParsedResponse {
  if (!isJsonMediaType(contentType)) return { problem: `expected JSON, got content-type ${contentType ?? '(none)'}` };
  let value: unknown;
  try {
    // Checking first and decoding then is half the price of a TextDecoder that does both.
    if (!isUtf8(body)) return { problem: 'expected UTF-8' };
    value = parseExactly(isAscii(body) ? body.toString('latin1') : body.toString('utf8'));
  } catch (error) {
    return { problem: `expected JSON: ${error instanceof Error ? error.name : 'unreadable'}` };
  }
  if (!isJsonObject(value)) return { problem: 'expected a JSON object' };
  const { data, errors, extensions } = value;
  if (data !== undefined && data !== null && !isJsonObject(data)) return { problem: 'expected "data" to be an object' };
  if (data === undefined && errors === undefined) return { problem: 'expected "data" or "errors"' };
  const readable = readErrors(errors);
  if ((data === undefined || data === null) && readable.length === 0) return { problem: 'no data and no errors' };
  return { data: data ?? null, errors: readable, ...(isJsonObject(extensions) && { extensions }) };
}

/** Both media types of GraphQL over HTTP, and whatever else says it is JSON. */
function isJsonMediaType(contentType: string | undefined): boolean {
  const essence = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return essence === 'application/json' || essence.endsWith('+json');
}

/** More errors than this of one answer, and longer paths, nobody means. */
const MAX_ERRORS = 1_000;
const MAX_PATH_LENGTH = 500;

/** Errors of any shape: something that is no error becomes an error that says nothing, because it was meant as one. */
function readErrors(errors: unknown): SubgraphError[] {
  if (errors === undefined || errors === null) return [];
  if (!Array.isArray(errors)) return [readError(errors)];
  const read = errors.slice(0, MAX_ERRORS).map(readError);
  // Without a place, so that nothing of the answer passes for free of errors.
  return errors.length > MAX_ERRORS ? [...read, { message: `${errors.length - MAX_ERRORS} more errors` }] : read;
}

function readError(error: unknown): SubgraphError {
  if (!isJsonObject(error)) return { message: '' };
  const { message, path, extensions } = error;
  return {
    message: typeof message === 'string' ? message : '',
    ...(isPath(path) ? { path } : {}),
    ...(isJsonObject(extensions) ? { extensions } : {}),
  };
}

function isPath(path: unknown): path is (string | number)[] {
  return (
    Array.isArray(path) &&
    path.length <= MAX_PATH_LENGTH &&
    path.every((key) => typeof key === 'string' || typeof key === 'number')
  );
}
