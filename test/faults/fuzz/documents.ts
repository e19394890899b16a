import * as fc from 'fast-check';
import { expect } from 'vitest';
import { isJsonObject } from '../../../src/core/json.ts';
import { keepsInvariants } from '../invariants.ts';
import type { Fuzzer } from './fuzzer.ts';

const valid = [
  '{ me { id name score } top { ...P } } fragment P on Product { id rating comments { text author { ... on User { name } } } }',
  'query A($on: Boolean = true, $ids: [ID!]! = ["1"]) { l: listed(ids: $ids, filter: { name: "x", and: [{ under: 1 }] }) { price @skip(if: $on) name @include(if: $on) } best { __typename rating } }',
  'mutation M($p: ID! = "1") { review(product: $p) { id rating name } rename(name: """a\n"b""") { id score } }',
  'query B { anything(value: { a: [1, 2.5e3, true, null, ENUM, "\\u00e9", { b: [] }] }) } query C { __typename me { __typename } }',
  'subscription S { me { name } }',
  '{ __schema { types { name } } __type(name: "User") { fields { name } } }',
];
const tokens = valid.map((text) => text.match(/"""[^]*?"""|"[^"]*"|\.\.\.|[_A-Za-z]\w*|-?\d[\w.]*|\S/g) ?? []);
const strange = [
  '$',
  '@',
  '!',
  '...',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '"',
  '"""',
  '#',
  '\u0000',
  '\ufeff',
  '💥',
  '9'.repeat(400),
  '__proto__',
  'constructor',
  'on',
  'null',
  'true',
  '&',
  '|',
  '=',
  '@deprecated',
  '@skip(if: true)',
  '__typename',
  '_entities(representations: [])',
  '_service { sdl }',
];

const change = fc.record({
  kind: fc.constantFrom('drop', 'repeat', 'swap', 'insert', 'nest'),
  at: fc.nat(200),
  to: fc.nat(200),
  token: fc.oneof(fc.constantFrom(...strange), fc.constantFrom(...tokens.flat()), fc.string()),
});

/** Documents that were valid before something happened to their tokens. */
export const documents: Fuzzer = {
  name: 'documents',
  runs: [100, 1_500],
  property: (lab) =>
    fc.asyncProperty(
      fc.nat(valid.length - 1),
      fc.array(change, { maxLength: 4 }),
      fc.option(fc.oneof(fc.constantFrom('A', 'B', 'M', '__proto__'), fc.string()), { nil: undefined }),
      async (which, changes, operationName) => {
        const query = changes.reduce(changed, tokens[which] ?? []).join(' ');
        const answer = await keepsInvariants(lab, () => lab.ask({ query, operationName }));
        // No subgraph fails: what is wrong is the document, and Atrium says what, or it is answered in full.
        const errors: unknown = isJsonObject(answer.body) ? answer.body['errors'] : undefined;
        if (answer.status === 200) expect(errors ?? []).toEqual([]);
        else expect(answer.status).toBe(400);
      },
    ),
};

function changed(
  list: readonly string[],
  { kind, at, to, token }: { kind: string; at: number; to: number; token: string },
): string[] {
  const [from, until] = [at % (list.length + 1), to % (list.length + 1)].toSorted((a, b) => a - b) as [number, number];
  const part = list.slice(from, until);
  switch (kind) {
    case 'drop':
      return [...list.slice(0, from), ...list.slice(from + 1)];
    case 'repeat':
      return [...list.slice(0, until), ...part, ...list.slice(until)];
    case 'swap':
      return [...list.slice(0, from), ...list.slice(until), ...part];
    case 'nest':
      return [...list.slice(0, from), ...Array.from({ length: 20 }, () => part).flat(), ...list.slice(from)];
    default:
      return [...list.slice(0, from), token, ...list.slice(from)];
  }
}
