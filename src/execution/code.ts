import { getOwn, isInherited, setOwn } from './own.ts';

/**
 * The innermost loops of execution are written as JavaScript for one operation: a property read by a literal name costs
 * a few nanoseconds, one by a name that differs from field to field ten times as much. Names are quoted as JSON, so
 * nothing a client or a subgraph chose is ever code.
 */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- what the code returns is its author's word
export function compile<Result>(parameters: Readonly<Record<string, unknown>>, body: string): Result {
  const all = { ...parameters, getOwn, setOwn };
  // Fastify's serialisers are made the same way: a process that forbids it could not serve anyhow.
  // eslint-disable-next-line typescript/no-implied-eval -- see above
  const create = new Function(...Object.keys(all), `'use strict';\n${body}`);
  return create(...Object.values(all));
}

/** An expression that reads an object's own property. */
export function read(object: string, key: string): string {
  const name = JSON.stringify(key);
  return isInherited(key) ? `getOwn(${object},${name})` : `${object}[${name}]`;
}

export function write(object: string, key: string, value: string): string {
  const name = JSON.stringify(key);
  return key === '__proto__' ? `setOwn(${object},${name},${value});` : `${object}[${name}]=${value};`;
}
