import { isJsonObject } from '../core/json.ts';
import type { AnswerShape, ShapeField } from '../planning/answer-shape.ts';
import { getOwn, setOwn } from './own.ts';

/**
 * Completes an object of the response with what `shape` asked for from a subgraph's answer. Where the response has
 * nothing yet, `adopt` takes the answer's own objects over instead of copying them: twice as fast, and right as long as
 * nothing has to be renamed in them and no two places that are completed differently share them. What else such an
 * object brings along is never read: whoever answers for a field overwrites it, or `forget`s it when there is no answer.
 * An object that is already there is kept, also when an answer has null in its place.
 */
export function mergeAnswer(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  shape: AnswerShape,
  adopt: boolean,
): void {
  if (!adopt) forget(target, shape);
  mergeFields(target, source, shape, adopt);
}

function mergeFields(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  shape: AnswerShape,
  adopt: boolean,
): void {
  for (const field of shape.fields) mergeField(target, source, field, adopt);
  if (shape.typed.length === 0) return;
  const typeName = getOwn(source, '__typename') ?? getOwn(target, '__typename');
  for (const { types, shape: inner } of shape.typed) {
    if (typeof typeName !== 'string' || types.has(typeName)) mergeFields(target, source, inner, adopt);
  }
}

export function mergeField(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  field: ShapeField,
  adopt: boolean,
): void {
  const value = getOwn(source, field.responseName);
  if (value === undefined) {
    if (field.exclusive && adopt) forgetField(target, field.key);
    return;
  }
  const existing = field.exclusive && adopt ? undefined : getOwn(target, field.key);
  const isNew = existing === undefined || existing === null;
  if (field.shape === undefined || value === null) {
    if (isNew || (value !== null && field.yielding?.has(value) !== true)) setOwn(target, field.key, value);
    return;
  }
  setOwn(target, field.key, isNew && adopt ? value : merged(existing, value, field.shape, adopt));
}

/** Nobody answered for these fields: what another subgraph may have sent under their names without being asked goes. */
export function forget(target: Record<string, unknown>, shape: AnswerShape): void {
  for (const field of shape.fields) if (field.exclusive) forgetField(target, field.key);
  for (const typed of shape.typed) forget(target, typed.shape);
}

export function forgetField(target: Record<string, unknown>, key: string): void {
  if (Object.hasOwn(target, key)) delete target[key];
}

function merged(existing: unknown, value: unknown, shape: AnswerShape, adopt: boolean): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = Array.isArray(existing) && existing.length === value.length ? existing : [];
    for (const [index, item] of value.entries()) items[index] = merged(items[index], item, shape, adopt);
    return items;
  }
  if (!isJsonObject(value)) return isJsonObject(existing) || Array.isArray(existing) ? existing : value;
  if (!isJsonObject(existing)) {
    if (adopt) return value;
    const copy: Record<string, unknown> = {};
    mergeFields(copy, value, shape, false);
    return copy;
  }
  mergeFields(existing, value, shape, adopt);
  return existing;
}
