import * as fc from 'fast-check';
import { parse, print, stripIgnoredCharacters, visit } from 'graphql';
import { expect, it } from 'vitest';
import { CompactWriter } from '../../src/planning/compact-writer.ts';
import { documents } from '../limits/documents.ts';

const values = `query Q($a: [Int!] = [1, 2] @d, $b: In = {x: "y"}, $c: ID) @e(x: $c) @f {
  one(list: [1, $a, [null]], object: {b: $b, c: [{}]}, text: "a \\" b", block: """c
  d""", enum: RED, number: -1.5e3, on: true) @skip(if: $a) two(a: $b c: 1) three { ...F @x four ... @y { five } ...on T { six } seven }
  eight: nine @z ... on U { ten(a: "") ...F }
} fragment F on T @g(a: []) { a(b: {c: "d"}) e }`;

it.each(['{ a }', 'query { a b }', 'mutation { a { b } c }', 'subscription S { a }', values])(
  'writes what graphql-js would, without ignored characters: %s',
  (text) => {
    const document = parse(text);
    expect(new CompactWriter().document(document)).toBe(stripIgnoredCharacters(print(document)));
  },
);

it('writes any document so', () => {
  fc.assert(
    fc.property(documents, (text) => {
      const document = parse(text);
      expect(new CompactWriter().document(document)).toBe(stripIgnoredCharacters(print(document)));
    }),
  );
});

it('knows the variables that were used in what it wrote', () => {
  const document = parse(values);
  const used = new Set<string>();
  visit(document, { VariableDefinition: () => false, Variable: ({ name }) => void used.add(name.value) });
  const writer = new CompactWriter();
  writer.document(document);
  expect(writer.variables).toEqual(used);
});
