import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/server/parse-json.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('parseJson', () => {
  it('reads what JSON.stringify writes, whatever the keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(JSON.stringify(parseJson(JSON.stringify(value), 'it'))).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    ['{"a": x}', 6],
    ['abc', 0],
    ['NaN', 0],
    ['undefined', 0],
    ['{"a":1', 6],
    ['{"a":tru}', 8],
    ['{"a":"\\q"}', 7],
    ['{"a":1}}', 7],
    ["{'a':1}", 1],
    ['{"a":"open', 10],
  ])('says where %s stops being JSON', (text, position) => {
    expect(() => parseJson(text, 'the body')).toThrow(
      `Expected the body to be JSON, got something else at position ${position}.`,
    );
  });

  it('finds the place at which a character was put that fits nowhere', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), fc.nat(), (numbers, anywhere) => {
        const text = JSON.stringify({ numbers });
        const position = anywhere % (text.length + 1);
        const broken = `${text.slice(0, position)}\u0000${text.slice(position)}`;
        expect(() => parseJson(broken, 'it')).toThrow(`at position ${position}.`);
      }),
    );
  });

  it('quotes nothing of the text, also where it names no place', () => {
    const text = `{"password":"${'s'.repeat(20_000)}","b":hunter2}`;
    expect(() => parseJson(text, 'the body')).toThrow(/^Expected the body to be JSON\.$/);
  });

  it('takes 200 levels and no more', () => {
    expect(parseJson(nested(200), 'it')).toHaveLength(1);
    expect(() => parseJson(nested(201), 'it')).toThrow('Expected it to nest at most 200 levels, got more.');
  });
});
