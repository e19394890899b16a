import { ApolloGateway } from '@apollo/gateway';
import { prettyFormatQueryPlan } from '@apollo/query-planner';
import { parse, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.ts';
import { buildSupergraph, forBaseClass, planOperation } from '../../src/supergraph/supergraph.ts';
import { federated, supergraphOf } from './sdl.ts';

const people = await supergraphOf({
  users: federated('type Query { me: User }  type User @key(fields: "id") { id: ID! note: String @inaccessible }', [
    '"@key"',
    '"@inaccessible"',
  ]),
  ages: federated('type User @key(fields: "id") { id: ID! age: Int }'),
});

describe('a supergraph that is built', () => {
  it('shows clients what is accessible and nothing of federation', () => {
    expect(printSchema(buildSupergraph(people).apiSchema)).toMatchInlineSnapshot(`
      "type Query {
        me: User
      }

      type User {
        id: ID!
        age: Int
      }"
    `);
  });

  it('knows its subgraphs and where they are served', () => {
    expect(buildSupergraph(people).subgraphs).toEqual([
      { name: 'ages', url: 'http://127.0.0.1:1/ages' },
      { name: 'users', url: 'http://127.0.0.1:1/users' },
    ]);
  });

  it('plans the operation that is named', () => {
    const document = parse('query Other { __typename }  query Age { me { age } }');
    expect(prettyFormatQueryPlan(planOperation(buildSupergraph(people), document, 'Age'))).toMatchInlineSnapshot(`
      "QueryPlan {
        Sequence {
          Fetch(service: "users") {
            {
              me {
                __typename
                id
              }
            }
          },
          Flatten(path: "me") {
            Fetch(service: "ages") {
              {
                ... on User {
                  __typename
                  id
                }
              } =>
              {
                ... on User {
                  age
                }
              }
            },
          },
        },
      }"
    `);
  });

  it('plans the only operation without a name', () => {
    const plan = planOperation(buildSupergraph(people), parse('{ me { id } }'), undefined);
    expect(plan.node).toMatchObject({ kind: 'Fetch', serviceName: 'users', operation: '{me{id}}' });
  });

  it('refuses to plan an operation that does not exist', () => {
    expect(() => planOperation(buildSupergraph(people), parse('query A { me { id } }'), 'B')).toThrow(
      'Unknown operation named "B"',
    );
  });
});

describe('a text that is no usable supergraph is refused with what is wrong and where', () => {
  it.each([
    ['no GraphQL', 'type Query {', 'Syntax Error: Expected Name, found <EOF>. (line 1, column 13)'],
    ['a plain schema', 'type Query { a: Int }', 'Invalid supergraph: must be a core schema'],
    ['a subgraph', federated('type Query { a: Int }'), 'It was not composed; `atrium compose` makes a supergraph'],
    ['a broken supergraph', people.replace('note: String', 'note: Text'), /Unknown type Text \(line \d+, column \d+\)/],
  ])('%s', (_, sdl, message) => {
    expect(() => buildSupergraph(sdl)).toThrow(ConfigurationError);
    expect(() => buildSupergraph(sdl)).toThrow(message);
  });
});

describe('features Atrium does not enforce or execute are refused by name', () => {
  const secured = (field: string, ...imports: string[]) =>
    supergraphOf({ users: federated(`type Query { me: String ${field} }`, imports) });

  it('however many there are, in versions nobody knows, without a purpose too', async () => {
    const sdl = (
      await secured('@authenticated @law(policies: [["a"]])', '"@authenticated"', '{ name: "@policy", as: "@law" }')
    )
      .replace('authenticated/v0.1", for: SECURITY', 'authenticated/v0.9"')
      .replace('policy/v0.1', 'policy/v0.2');
    expect(() => buildSupergraph(sdl)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: The supergraph asks for what Atrium does not support, so serving it would not be safe: @authenticated (https://specs.apollo.dev/authenticated/v0.9), @policy, here called @law (https://specs.apollo.dev/policy/v0.2, for: SECURITY). Remove it from the subgraphs and compose again.]`,
    );
  });

  it.each([
    ['SECURITY', 'https://specs.example/vault/v1.0'],
    ['EXECUTION', 'https://specs.example/vault/v1.0'],
    ['SECURITY', 'https://specs.apollo.dev/authenticated/v0.2'],
    ['EXECUTION', 'https://specs.apollo.dev/connect/v0.2'],
  ])('for: %s, %s', (purpose, url) => {
    const sdl = people.replace('schema\n', `schema @link(url: "${url}", for: ${purpose})\n`);
    expect(() => buildSupergraph(sdl)).toThrow(`(${url}, for: ${purpose})`);
  });

  it.each([
    [
      'linked without a purpose',
      (sdl: string) => sdl.replace('authenticated/v0.1", for: SECURITY', 'authenticated/v0.1"'),
    ],
    [
      'when @link itself goes by another name',
      (sdl: string) =>
        sdl
          .replaceAll('@link', '@uses')
          .replaceAll('link__', 'uses__')
          .replace('/link/v1.0"', '/link/v1.0", as: "uses"'),
    ],
  ])('but protections are found by their specification, also %s', async (_, change) => {
    const sdl = await secured(
      '@login @requiresScopes(scopes: [["a"]]) @policy(policies: [["b", "c"], ["d"]])',
      '{ name: "@authenticated", as: "@login" }',
      '"@requiresScopes"',
      '"@policy"',
    );
    expect([...buildSupergraph(change(sdl)).protections]).toEqual([
      [
        'Query.me',
        [
          { directive: 'authenticated', anyOf: [[]] },
          { directive: 'requiresScopes', anyOf: [['a']] },
          { directive: 'policy', anyOf: [['b', 'c'], ['d']] },
        ],
      ],
    ]);
  });

  it('but not a feature without a purpose that nobody knows', () => {
    const sdl = people.replace('schema\n', 'schema @link(url: "https://specs.example/notes/v1.0")\n');
    expect(buildSupergraph(sdl).subgraphs).toHaveLength(2);
  });
});

describe('a supergraph for the stock gateway', () => {
  const load = async (supergraphSdl: string) => {
    const gateway = new ApolloGateway({ supergraphSdl, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const { schema } = await gateway.load();
    await gateway.stop();
    return schema;
  };

  it('is the same text when the stock gateway supports it', async () => {
    expect(forBaseClass(people)).toBe(people);
    expect(printSchema(await load(people))).toBe(printSchema(buildSupergraph(people).apiSchema));
  });

  it('loses the purpose of links only Atrium supports, and nothing else', async () => {
    const cached = await supergraphOf({
      users: federated('type Query { me: String @cacheTag(format: "me") hidden: Int @inaccessible }', [
        '"@cacheTag"',
        '"@inaccessible"',
      ]),
    });
    await expect(load(cached)).rejects.toThrow('cacheTag');
    const stripped = forBaseClass(cached);
    expect(stripped).toBe(cached.replace('cacheTag/v0.1", for: EXECUTION', 'cacheTag/v0.1", '));
    expect(printSchema(await load(stripped))).toBe(printSchema(buildSupergraph(cached).apiSchema));
  });
});
