import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactInteger } from '../../src/core/exact-integer.ts';
import { canonicalJson, isJsonObject } from '../../src/core/json.ts';
import { parseExactly } from '../../src/core/parse-exactly.ts';

describe('parseExactly', () => {
  it.each([
    '{"a":9007199254740993}',
    '[-12345678901234567891 ,\n1234567890123456789012345678901234567890\t]',
    '{"a":{"b":[[{"__proto__":12345678901234567891}]]},"c":"x"}',
    '12345678901234567891',
    '{"a":1,"b":18446744073709551615}',
    '{"12345678901234567891":12345678901234567891}',
    `{"text":"${'7'.repeat(40)}","a":"9","b":9223372036854775807}`,
  ])('keeps the integers of %s', (text) => {
    expect(JSON.stringify(parseExactly(text))).toBe(text.replaceAll(/\s/g, ''));
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text.replaceAll(/\s/g, ''));
  });

  it.each([
    '{"a":9007199254740991,"b":-9007199254740991,"c":1764331200000000}',
    '{"a":"12345678901234567891","b":"a 12345678901234567891, b"}',
    '{"a":0.30000000000000004,"b":1234567890123456789.5,"c":1e300,"d":12345678901234567891e2,"e":1e400}',
  ])('makes numbers of the others: %s', (text) => {
    expect(parseExactly(text)).toEqual(JSON.parse(text));
  });

  it.each(['', '{', '{"a":12345678901234567891', '{"a":01234567890123456789}', '[12345678901234567891,]'])(
    'refuses %j as JSON.parse does',
    (text) => {
      expect(() => parseExactly(text)).toThrow(SyntaxError);
    },
  );

  it('writes back every document as it was', () => {
    const integer = fc.oneof(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.bigInt());
    const { document } = fc.letrec<{ document: string }>((tie) => ({
      document: fc.oneof(
        { depthSize: 'small' },
        integer.map(String),
        fc.oneof(fc.string(), integer.map(String)).map((text) => JSON.stringify(text)),
        fc.array(tie('document'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
        fc
          .dictionary(fc.string(), tie('document'), { maxKeys: 4 })
          .map((members) => Object.entries(members).map(([key, value]) => `${JSON.stringify(key)}:${value}`))
          .map((members) => `{${members.join(',')}}`),
      ),
    }));
    fc.assert(
      fc.property(document, (text) => {
        expect(JSON.stringify(parseExactly(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an exact integer', () => {
  const exact = new ExactInteger('-12345678901234567891');

  it('is no object of JSON, and its digits are its text', () => {
    expect(isJsonObject(exact)).toBe(false);
    expect(canonicalJson({ b: [exact], a: 1 })).toBe('{"a":1,"b":[-12345678901234567891]}');
    expect(exact.toString()).toBe('-12345678901234567891');
  });

  it('compares and computes as what it is', () => {
    expect(exact.valueOf()).toBe(-12345678901234567891n);
    expect(new ExactInteger('9007199254740993') > new ExactInteger('9007199254740992')).toBe(true);
  });
});
