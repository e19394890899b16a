import * as fc from 'fast-check';
import { Kind, parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { measureDocument } from '../../src/limits/measure-document.ts';
import type { DocumentSize } from '../../src/limits/measure-document.ts';
import { countingVisits, documents, doubledFragments, expandFragments, repeat } from './documents.ts';

const measure = (text: string, maxDepth = 100) => measureDocument(parse(text), maxDepth);

/** Counts node by node in a document without spreads. */
function countNodes(document: DocumentNode): DocumentSize {
  const size = { selections: 0, rootFields: 0, aliases: 0, directives: 0, depth: 0 };
  let open = 0;
  let fields = 0;
  visit(document, {
    SelectionSet: {
      enter: () => void (size.depth = Math.max(size.depth, ++open)),
      leave: () => void open--,
    },
    InlineFragment: () => void size.selections++,
    Directive: () => void size.directives++,
    Field: {
      enter({ alias }) {
        size.selections++;
        if (alias !== undefined) size.aliases++;
        if (fields++ === 0) size.rootFields++;
      },
      leave: () => void fields--,
    },
  });
  return size;
}

describe('the size of a document', () => {
  it('is that of its operation with every fragment expanded', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const { depth, ...counts } = countNodes(expandFragments(parse(text)));
        // The list in a literal is the only other thing that nests.
        expect(measure(text)).toEqual({ ...counts, depth: Math.max(depth, text.includes('[[') ? 2 : 0) });
      }),
      { numRuns: 500 },
    );
  });

  it('adds up the operations of the document, and fragments none of them reaches', () => {
    expect(measure('query A { x: a } query B @d { a b } fragment F on T { y: a ...G } fragment G on T { a }')).toEqual({
      selections: 6,
      rootFields: 5,
      aliases: 2,
      directives: 1,
      depth: 2,
    });
  });

  it.each([
    ['objects and lists in an argument', '{ a(x: [{ y: [1] }]) }', 3],
    ['a literal in a directive', '{ a @d(x: [[[[1]]]]) }', 4],
    ['the default of a variable', 'query ($v: I = { a: { b: 1 } }) { a }', 2],
    ['the type of a variable', 'query ($v: [[[Int!]!]!]!) { a }', 3],
    ['inline fragments', '{ ... { ... { a } } }', 3],
  ])('counts how deep %s nests', (_, text, depth) => {
    expect(measure(text).depth).toBe(depth);
    expect(measure(text, depth - 1).depth).toBe(Infinity);
  });

  it.each([
    ['a fragment within itself', '{ ...F } fragment F on T { a ...F }', 3],
    ['two fragments within each other', '{ ...F } fragment F on T { a { ...G } } fragment G on T { b { ...F } }', 5],
    ['an unknown fragment', '{ a ...F }', 2],
    ['two fragments of one name', '{ ...F } fragment F on T { a } fragment F on T { b }', 3],
  ])('counts each definition once when there is %s', (_, text, selections) => {
    expect(measure(text).selections).toBe(selections);
  });

  it.each([18, 36, 200])('takes one look at each selection set of %i fragments that double each other', (levels) => {
    const { document, sets, visits } = countingVisits(doubledFragments(levels));
    expect(measureDocument(document, 1_000).selections).toBeGreaterThan(2 ** levels);
    expect(visits()).toBe(sets);
  });

  it('takes one look at each selection set of fragments that all spread each other', () => {
    const spreads = repeat(30, (index) => `...F${index}`);
    const text = `{ ${spreads} } ${repeat(30, (index) => `fragment F${index} on T { a { ${spreads} } }`)}`;
    const { document, sets, visits } = countingVisits(text);
    measureDocument(document, 100);
    expect(visits()).toBe(sets);
  });

  it('looks no deeper than it has to', () => {
    const { document, visits } = countingVisits(`${'{ a '.repeat(1_000)} ${'}'.repeat(1_000)}`);
    expect(measureDocument(document, 10).depth).toBe(Infinity);
    expect(visits()).toBe(10);
  });

  it('knows of no definitions but operations and fragments', () => {
    expect(measureDocument({ kind: Kind.DOCUMENT, definitions: [] }, 1).selections).toBe(0);
    expect(measure('type Query { a: Int } { a }').selections).toBe(1);
  });
});
