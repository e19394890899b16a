import { describe, expect, it } from 'vitest';
import { composeSubgraphs, printCompositionErrors } from '../../src/supergraph/compose.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { federated } from './sdl.ts';

const compose = (subgraphs: Readonly<Record<string, string>>) =>
  composeSubgraphs(
    Object.entries(subgraphs).map(([name, sdl]) => ({
      name,
      url: `http://127.0.0.1:1/${name}`,
      sdl,
      sourceName: `schemas/${name}.graphql`,
    })),
  );

async function printedErrors(subgraphs: Readonly<Record<string, string>>): Promise<string> {
  const composition = await compose(subgraphs);
  if (composition.ok) throw new Error('expected composition to fail');
  return printCompositionErrors(composition.errors);
}

describe('composition', () => {
  it('makes a supergraph that can be built', async () => {
    const composition = await compose({
      users: federated('type Query { me: User }  type User @key(fields: "id") { id: ID! }'),
      ages: federated('type User @key(fields: "id") { id: ID! age: Int }'),
    });
    if (!composition.ok) throw new Error(printCompositionErrors(composition.errors));
    expect(buildSupergraph(composition.supergraphSdl).subgraphs.map(({ name }) => name)).toEqual(['ages', 'users']);
    expect(composition.hints).toEqual([]);
  });

  it('hands on what composition has to say about a supergraph that works', async () => {
    const composition = await compose({
      users: federated('type Query { me: Name @shareable }  type Name @shareable { first: String last: String }'),
      names: federated('type Query { me: Name @shareable }  type Name @shareable { first: String }'),
    });
    expect(composition.ok && composition.hints).toMatchInlineSnapshot(`
      [
        {
          "code": "INCONSISTENT_OBJECT_VALUE_TYPE_FIELD",
          "level": "DEBUG",
          "message": "Field "Name.last" of non-entity object type "Name" is defined in some but not all subgraphs that define "Name": "Name.last" is defined in subgraph "users" but not in subgraph "names".",
        },
      ]
    `);
  });

  it('writes the same text whatever the order of the subgraphs', async () => {
    const [a, b] = [federated('type Query { a: Int }'), federated('type Query { b: Int }')];
    expect(await compose({ a, b })).toEqual(await compose({ b, a }));
  });
});

describe('composition errors are printed with code, subgraph, file, line, column and a caret', () => {
  it('syntax errors, of every subgraph that has one', async () => {
    expect(
      await printedErrors({
        users: 'type Query {\n  me: User\n  you User\n}',
        ages: 'type Query { age: Int }',
        names: 'type Query { name: [String }',
      }),
    ).toMatchInlineSnapshot(`
      "INVALID_GRAPHQL: [users] Syntax Error: Expected ":", found Name "User".

      in subgraph users, schemas/users.graphql:3:7
      2 |   me: User
      3 |   you User
        |       ^
      4 | }

      INVALID_GRAPHQL: [names] Syntax Error: Expected "]", found "}".

      in subgraph names, schemas/names.graphql:1:28
      1 | type Query { name: [String }
        |                            ^"
    `);
  });

  it('unknown types', async () => {
    expect(await printedErrors({ users: federated('type Query {\n  me: User\n}') })).toMatchInlineSnapshot(`
      "INVALID_GRAPHQL: [users] Unknown type User

      in subgraph users, schemas/users.graphql:3:7
      2 | type Query {
      3 |   me: User
        |       ^
      4 | }"
    `);
  });

  it('a disagreement between subgraphs, in each of them', async () => {
    expect(
      await printedErrors({
        users: federated('type Query {\n  me: String @shareable\n}'),
        ages: federated('type Query {\n  age: Int\n  me: Int @shareable\n}'),
      }),
    ).toMatchInlineSnapshot(`
      "FIELD_TYPE_MISMATCH: Type of field "Query.me" is incompatible across subgraphs: it has type "Int" in subgraph "ages" but type "String" in subgraph "users"

      in subgraph ages, schemas/ages.graphql:4:3
      3 |   age: Int
      4 |   me: Int @shareable
        |   ^
      5 | }

      in subgraph users, schemas/users.graphql:3:3
      2 | type Query {
      3 |   me: String @shareable
        |   ^
      4 | }"
    `);
  });

  it('an error with no position', async () => {
    expect(await printedErrors({ users: federated('type User @key(fields: "id") { id: ID! }') })).toMatchInlineSnapshot(
      `"NO_QUERIES: No queries found in any subgraph: a supergraph must have a query root type."`,
    );
  });

  it('a query no plan can answer, and where the field concerned is defined', async () => {
    expect(
      await printedErrors({
        users: federated('type Query {\n  me: User\n}\ntype User @key(fields: "id") {\n  id: ID!\n}'),
        ages: federated('extend type User @key(fields: "id", resolvable: false) {\n  id: ID!\n  age: Int\n}'),
      }),
    ).toMatchInlineSnapshot(`
      "SATISFIABILITY_ERROR: The following supergraph API query:
      {
        me {
          age
        }
      }
      cannot be satisfied by the subgraphs because:
      - from subgraph "users":
        - cannot find field "User.age".
        - cannot move to subgraph "ages", which has field "User.age", because none of the @key defined on type "User" in subgraph "ages" are resolvable (they are all declared with their "resolvable" argument set to false).

      in subgraph ages, schemas/ages.graphql:4:3
      3 |   id: ID!
      4 |   age: Int
        |   ^
      5 | }"
    `);
  });
});
