import { describe, expect, it } from 'vitest';
import { checkVariables } from '../../src/limits/check-variables.ts';

const limits = { maxVariableValues: 10, maxVariableDepth: 3 };
const refusal = (variables: Record<string, unknown>) => {
  const { code, message } = checkVariables(variables, limits) ?? {};
  return code === undefined ? null : `${code}: ${message}`;
};
const tooMany = 'MAX_VARIABLE_VALUES_LIMIT: Expected variables of at most 10 values, got more.';
const tooDeep = 'MAX_VARIABLE_DEPTH_LIMIT: Expected variables nested at most 3 levels, got more.';

describe('variables', () => {
  it.each([
    ['none', {}, null],
    ['as many as allowed', { a: [1, 2, 3, 4], b: { c: 1, d: null, e: 'x' }, f: 1 }, null],
    ['one value more', { a: [1, 2, 3, 4], b: { c: 1, d: null, e: 'x' }, f: 1, g: 1 }, tooMany],
    ['as deep as allowed', { a: [{ b: [1] }] }, null],
    ['one level deeper', { a: [{ b: [{}] }] }, tooDeep],
    ['names of Object.prototype', JSON.parse('{ "__proto__": { "constructor": [[1]] } }'), null],
  ])('are refused beyond the limits: %s', (_, variables: Record<string, unknown>, expected) => {
    expect(refusal(variables)).toBe(expected);
  });

  it('are looked at up to the limit and no further', () => {
    let reads = 0;
    const list = Array.from({ length: 1_000 }, () => ({
      get member() {
        reads++;
        return 1;
      },
    }));
    expect(refusal({ list })).toBe(tooMany);
    expect(reads).toBeLessThan(10);
  });
});
