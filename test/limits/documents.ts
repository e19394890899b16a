import * as fc from 'fast-check';
import { Kind, parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';

export const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** Fragments of which each spreads the next one twice: as many selections as 2 to the power of `levels`. */
export const doubledFragments = (levels: number): string =>
  `{ me { ...F0 } } ${repeat(levels, (level) => `fragment F${level} on User { id a: friends { ...F${level + 1} } b: friends { ...F${level + 1} } }`)} fragment F${levels} on User { id }`;

/** Counts how often a walker looks into a selection set. */
export function countingVisits(text: string): { document: DocumentNode; sets: number; visits: () => number } {
  let sets = 0;
  let visits = 0;
  const document = visit(parse(text), {
    SelectionSet: {
      leave({ kind, selections }) {
        sets++;
        return {
          kind,
          get selections() {
            visits++;
            return selections;
          },
        };
      },
    },
  });
  visits = 0;
  return { document, sets, visits: () => visits };
}

/** The text of documents of one operation that reaches all of its fragments, which spread only later ones. */
export const documents: fc.Arbitrary<string> = fc.integer({ min: 0, max: 3 }).chain((fragments) => {
  const names = Array.from({ length: fragments }, (_, index) => `F${index}`);
  return fc
    .tuple(selectionsWith(names), ...names.map((_, index) => selectionsWith(names.slice(index + 1))))
    .map(([operation, ...bodies]) =>
      [
        `query ($v: Int @a) @b { ${names.map((name) => `...${name}`).join(' ')} ${operation} }`,
        ...bodies.map((body, index) => `fragment F${index} on T ${index % 2 === 0 ? '@d' : ''} { ${body} }`),
      ].join('\n'),
    );
});

function selectionsWith(fragments: readonly string[]): fc.Arbitrary<string> {
  const directives = fc.constantFrom('', '', '@a', '@a(x: [[1]]) @b');
  const { selections } = fc.letrec<{ selection: string; selections: string }>((tie) => ({
    selections: fc.array(tie('selection'), { minLength: 1, maxLength: 3 }).map((all) => all.join(' ')),
    selection: fc.oneof(
      { depthSize: 'small' },
      fc.tuple(fc.constantFrom('a', 'b', 'x: a', 'y: b'), directives).map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom('', ...fragments), directives)
        .map(([name, more]) => (name ? `...${name} ${more}` : 'a')),
      fc
        .tuple(fc.constantFrom('a', 'x: b', '...', '... on T'), directives, tie('selections'))
        .map(([head, more, inner]) => `${head} ${more} { ${inner} }`),
    ),
  }));
  return selections;
}

/** The operation with an inline fragment, which keeps the fragment's directives, in place of each spread. */
export function expandFragments(document: DocumentNode): DocumentNode {
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const expanded = visit(document, {
    FragmentSpread(spread) {
      const fragment = fragments.get(spread.name.value);
      if (fragment === undefined) return undefined;
      return {
        kind: Kind.INLINE_FRAGMENT,
        directives: [...(spread.directives ?? []), ...(fragment.directives ?? [])],
        selectionSet: fragment.selectionSet,
      };
    },
  });
  return { ...expanded, definitions: expanded.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION) };
}
