import { RequestError } from '../core/errors.ts';

/** Deeper values are nobody's variables, and would overflow the stack of whoever walks them. */
const maxDepth = 200;

/** Beyond this length a fault without a position keeps none: finding it means parsing again and again. */
const maxSearchableLength = 10_000;

/**
 * JSON.parse for what clients send: a key `__proto__` stays an own property.
 * @param what names the text in messages, which never quote it
 * @throws RequestError 400
 */
export function parseJson(text: string, what: string): unknown {
  if (text === '') throw new RequestError('BAD_REQUEST', `Expected ${what} to be JSON, got nothing.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = faultPosition(error, text);
    const where = position === null ? '' : `, got something else at position ${position}`;
    throw new RequestError('BAD_REQUEST', `Expected ${what} to be JSON${where}.`);
  }
  if (isDeeper(value, maxDepth)) {
    throw new RequestError('BAD_REQUEST', `Expected ${what} to nest at most ${maxDepth} levels, got more.`);
  }
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

/**
 * Index of the first character that cannot continue the JSON before it. V8 tells it for most faults; for the others
 * (an unexpected token) it quotes the text instead, so the longest prefix that could still become JSON is searched.
 */
function faultPosition(error: unknown, text: string): number | null {
  const told = toldPosition(error, text.length);
  if (told !== null || text.length > maxSearchableLength) return told;
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldContinue(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldContinue(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    return toldPosition(error, prefix.length) === prefix.length;
  }
}

function toldPosition(error: unknown, length: number): number | null {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined && !message.startsWith('Unterminated')) return Number(position);
  return /^Unexpected end|^Unterminated/.test(message) ? length : null;
}
