import * as fc from 'fast-check';
import { Kind, parse } from 'graphql';
import type { SelectionSetNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { countMergePairs } from '../../src/limits/count-merge-pairs.ts';
import { countingVisits, documents, repeat } from './documents.ts';

const max = { maxSelections: 100_000, maxDepth: 100 };
const pairs = (text: string) => countMergePairs(parse(text), max);

/** Every pair of two in one place that have one response name, or are both spreads. */
function listPairs(text: string): number {
  const document = parse(text);
  const met: string[] = [];
  const collect = ({ selections }: SelectionSetNode, place: string): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const inner = `${place}/${selection.alias?.value ?? selection.name.value}`;
        met.push(inner);
        if (selection.selectionSet !== undefined) collect(selection.selectionSet, inner);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet, place);
      } else {
        met.push(`${place}/...`);
        for (const definition of document.definitions) {
          const isIt = definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value;
          if (isIt) collect(definition.selectionSet, place);
        }
      }
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) collect(definition.selectionSet, '');
  }
  return met.flatMap((one, index) => met.slice(index + 1).filter((other) => other === one)).length;
}

describe('pairs to merge', () => {
  it('are those of fields of one response name, and of spreads, in one place of the answer', () => {
    fc.assert(
      fc.property(documents, (text) => {
        expect(pairs(text)).toBe(listPairs(text));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a field repeated', `{ ${repeat(100, () => 'a')} }`, 4950],
    ['fields repeated below repeated fields', '{ a { b b } a { b b } }', 1 + 6],
    ['other response names', `{ ${repeat(100, (index) => `a${index}: a`)} }`, 0],
    ['two operations', 'query A { a } query B { a }', 0],
    ['a fragment nobody reaches', '{ a } fragment F on T { a a }', 1],
    ['an unknown fragment', '{ ...F ...F }', 1],
    ['a fragment within itself', '{ ...F } fragment F on T { a { ...F } }', 0],
  ])('are counted in %s', (_, text, count) => {
    expect(pairs(text)).toBe(count);
  });

  it('stop being counted when fragments within themselves have no end', () => {
    const { document, visits } = countingVisits('{ ...F } fragment F on T { a { ...F } b { ...F } }');
    expect(countMergePairs(document, { maxSelections: 1_000, maxDepth: 100 })).toBe(Infinity);
    expect(visits()).toBeLessThan(1_100);
  });
});
