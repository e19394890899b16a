import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntry,
  encodeEntry,
  entryStart,
  freshJson,
  knowsLess,
  restamped,
  sortable,
} from '../../src/cache/entry.ts';

const epoch = fc.constantFrom('', 'aaaaaaaa', 'bbbb-_bb');
const audience = fc.constantFrom('public' as const, 'impersonal' as const, 'private' as const);
const number = fc.nat({ max: 3 }).map(sortable);
const entry = fc.record({
  audience,
  epoch: epoch.filter((text) => text !== ''),
  sequence: number,
  freshUntil: number,
  agingUntil: number,
  spareUntil: number,
  tags: fc.oneof(
    fc.constant(''),
    fc.array(fc.string({ unit: 'binary' })).map((tags) => JSON.stringify(tags)),
  ),
  json: fc.oneof(
    fc.constant('null'),
    fc.dictionary(fc.string(), fc.string({ unit: 'binary' })).map((value) => JSON.stringify(value)),
  ),
});

describe('the text of an entry', () => {
  it('holds all of it', () => {
    const property = fc.property(entry, (one) => {
      expect(decodeEntry(encodeEntry(one))).toEqual(one);
    });
    fc.assert(property);
  });

  it('is fresh as it would be taken apart', () => {
    const property = fc.property(entry, audience, epoch, number, number, (one, wanted, current, sure, now) => {
      const isFresh = one.audience === wanted && one.epoch === current && one.sequence >= sure && now < one.freshUntil;
      expect(freshJson(encodeEntry(one), entryStart(wanted, current), sure, now)).toBe(isFresh ? one.json : undefined);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('may be given to know more', () => {
    const property = fc.property(entry, number, (one, sequence) => {
      expect(decodeEntry(restamped(encodeEntry(one), sequence))).toMatchObject({
        ...one,

        sequence,
      });
      expect(knowsLess(encodeEntry(one), sequence)).toBe(one.sequence < sequence);
    });
    fc.assert(property);
  });

  it('may be any other text', () => {
    const text = fc.tuple(
      fc.constantFrom('', '2', '2p', '2paaaaaaaa', `2paaaaaaaa${sortable(5).repeat(4)}[`),
      fc.string(),
    );
    const property = fc.property(text, ([start, rest]) => void decodeEntry(start + rest));
    expect(fc.check(property).failed).toBe(false);
  });
});

describe('a sortable text', () => {
  it('compares as the number does', () => {
    const size = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 35, 36, 36 ** 8, 36 ** 9 - 1, Infinity));
    fc.assert(
      fc.property(size, size, (one, other) => {
        const [a, b] = [one, other].map((value) => Math.min(value, 36 ** 9 - 1));
        expect(sortable(one) < sortable(other)).toBe(Number(a) < Number(b));
      }),
    );
  });
});
