import { isJsonObject } from '../core/json.ts';
import type { AnswerShape } from '../planning/answer-shape.ts';
import { getOwn, setOwn } from './own.ts';

/**
 * Copies what `shape` asked for from a subgraph's answer into an object of the response. Nothing else of the answer
 * gets in, and no part of it is shared between two places of the response. An object that is already there is
 * completed, also by an answer that has null in its place.
 */
export function mergeAnswer(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  shape: AnswerShape,
): void {
  for (const field of shape.fields) {
    const value = getOwn(source, field.responseName);
    if (value === undefined) continue;
    setOwn(
      target,
      field.key,
      field.shape === undefined ? value : merged(getOwn(target, field.key), value, field.shape),
    );
  }
  if (shape.typed.length === 0) return;
  const typeName = getOwn(source, '__typename') ?? getOwn(target, '__typename');
  for (const { types, shape: inner } of shape.typed) {
    if (typeof typeName !== 'string' || types.has(typeName)) mergeAnswer(target, source, inner);
  }
}

function merged(existing: unknown, value: unknown, shape: AnswerShape): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = Array.isArray(existing) && existing.length === value.length ? existing : [];
    for (const [index, item] of value.entries()) items[index] = merged(items[index], item, shape);
    return items;
  }
  if (!isJsonObject(value)) return isJsonObject(existing) || Array.isArray(existing) ? existing : value;
  const target = isJsonObject(existing) ? existing : {};
  mergeAnswer(target, value, shape);
  return target;
}
