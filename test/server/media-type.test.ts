import { describe, expect, it } from 'vitest';
import { negotiate } from '../../src/server/media-type.ts';

const offers = ['a/one; charset=utf-8', 'a/two; charset=utf-8'] as const;

describe('negotiate', () => {
  it.each([
    [undefined, 'a/one'],
    ['', 'a/one'],
    ['*/*', 'a/one'],
    ['a/*', 'a/one'],
    ['A/TWO', 'a/two'],
    ['a/two, a/one', 'a/two'],
    ['a/one;q=0.5, a/two;q=0.6', 'a/two'],
    ['*/*;q=0.5, a/two;q=0.4', 'a/one'],
    ['a/*, a/two', 'a/two'],
    ['a/one;q=0, */*', 'a/two'],
    ['a/two; charset=utf-8; q=1', 'a/two'],
    ['b/*, a/two;q=0.1', 'a/two'],
    ['a/one;q=2, a/two;q=0.1', 'a/two'],
    ['b/one', null],
    ['a/one;q=0, a/two;q=0.0', null],
    ['*/*;q=0', null],
    ['nonsense', null],
  ])('of Accept: %s is %s', (accept, expected) => {
    expect(negotiate(accept, [...offers])?.split(';')[0] ?? null).toBe(expected);
  });
});
