import type { SubgraphSource } from '../../src/supergraph/compose.ts';

const subgraphCount = 100;
/** Named types each subgraph brings into the graph: 5,000 together. */
const typesEach = { entities: 10, values: 25, enums: 5, inputs: 4, interfaces: 3, unions: 3 };
/** Subgraphs an entity of which each subgraph completes. */
const neighbours = 5;

/** The SDL of 100 subgraphs with 5,000 types, the same every time. Nobody answers for them. */
export function createLargeGraph(): readonly SubgraphSource[] {
  return numbered(subgraphCount, (index) => ({
    name: `s${index}`,
    url: `http://127.0.0.1:1/${index}`,
    sdl: sdlOf(index),
  }));
}

/** Asks an entity and what its neighbours know of it, in six subgraphs, and what they refer to. */
export const largeGraphQuery = `query Large {
  s50Entity0(id: "1") {
    name
    next { name value { text } next { name } }
    ${numbered(neighbours, (n) => `from${49 - n} { text count inner { text } }`).join('\n    ')}
    related { id name value { count } }
  }
}`;

/** The same for another entity, without anything in common but the query planner's caches. */
export const secondLargeGraphQuery = largeGraphQuery.replaceAll(
  /\b(s|from)(\d+)/g,
  (_, prefix: string, n: string) => `${prefix}${Number(n) + 20}`,
);

function sdlOf(index: number): string {
  const prefix = `S${index}`;
  const lower = `s${index}`;
  const related = (index + neighbours + 1) % subgraphCount;
  const entities = numbered(typesEach.entities, (n) => {
    const next = (n + 1) % typesEach.entities;
    return `type ${prefix}Entity${n} implements ${prefix}Interface${n % typesEach.interfaces} @key(fields: "id") {
  id: ID!
  name: String
  state: ${prefix}Enum${n % typesEach.enums}
  value: ${prefix}Value${n}
  next: ${prefix}Entity${next}
  related: [S${related}Entity${n}!]
}`;
  });
  const references = numbered(
    typesEach.entities,
    (n) => `type S${related}Entity${n} @key(fields: "id", resolvable: false) {\n  id: ID!\n}`,
  );
  const completed = numbered(
    neighbours,
    (n) => `type S${(index + n + 1) % subgraphCount}Entity0 @key(fields: "id") {
  id: ID!
  from${index}: ${prefix}Value${n}
}`,
  );
  const values = numbered(
    typesEach.values,
    (n) => `type ${prefix}Value${n} {
  text: String
  count(of: Int = ${n}): Int
  list: [String!]!
  state: ${prefix}Enum${n % typesEach.enums}
  inner: ${prefix}Value${(n + 1) % typesEach.values}
}`,
  );
  const enums = numbered(typesEach.enums, (n) => `enum ${prefix}Enum${n} {\n  ONE\n  TWO\n  THREE\n}`);
  const inputs = numbered(
    typesEach.inputs,
    (n) => `input ${prefix}Input${n} {\n  text: String\n  count: Int = ${n}\n}`,
  );
  const interfaces = numbered(
    typesEach.interfaces,
    (n) => `interface ${prefix}Interface${n} {\n  id: ID!\n  name: String\n}`,
  );
  const unions = numbered(
    typesEach.unions,
    (n) => `union ${prefix}Union${n} = ${numbered(4, (m) => `${prefix}Value${4 * n + m}`).join(' | ')}`,
  );
  const roots = [
    ...numbered(typesEach.entities, (n) => `${lower}Entity${n}(id: ID!): ${prefix}Entity${n}`),
    ...numbered(typesEach.unions, (n) => `${lower}Search${n}(by: ${prefix}Input${n}): [${prefix}Union${n}!]`),
    ...numbered(typesEach.interfaces, (n) => `${lower}All${n}(by: ${prefix}Input3): [${prefix}Interface${n}!]!`),
  ];
  return [
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])',
    `type Query {\n  ${roots.join('\n  ')}\n}`,
    ...[entities, references, completed, values, enums, inputs, interfaces, unions].flat(),
  ].join('\n\n');
}

function numbered<T>(count: number, create: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => create(index));
}
