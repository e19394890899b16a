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

  it.each([
    ['@authenticated', () => secured('@authenticated', '"@authenticated"')],
    ['@requiresScopes', () => secured('@requiresScopes(scopes: [["a"]])', '"@requiresScopes"')],
    ['@policy', () => secured('@policy(policies: [["a"]])', '"@policy"')],
    [
      '@authenticated, here called @signedIn',
      () => secured('@signedIn', '{ name: "@authenticated", as: "@signedIn" }'),
    ],
  ])('%s', async (name, supergraph) => {
    const sdl = await supergraph();
    expect(() => buildSupergraph(sdl)).toThrow(ConfigurationError);
    expect(() => buildSupergraph(sdl)).toThrow(`would not be safe: ${name} (https://specs.apollo.dev/`);
  });

  it('however many there are', async () => {
    const sdl = await secured(
      '@authenticated @law(policies: [["a"]])',
      '"@authenticated"',
      '{ name: "@policy", as: "@law" }',
    );
    expect(() => buildSupergraph(sdl)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: The supergraph asks for what Atrium does not support, so serving it would not be safe: @authenticated (https://specs.apollo.dev/authenticated/v0.1, for: SECURITY), @policy, here called @law (https://specs.apollo.dev/policy/v0.1, for: SECURITY). Remove it from the subgraphs and compose again.]`,
    );
  });

  it('also without a purpose', async () => {
    const sdl = (await secured('@authenticated', '"@authenticated"')).replace(
      'authenticated/v0.1", for: SECURITY',
      'authenticated/v0.1"',
    );
    expect(sdl).not.toContain('SECURITY)');
    expect(() => buildSupergraph(sdl)).toThrow('@authenticated');
  });

  it('also when @link itself goes by another name', async () => {
    const sdl = (await secured('@authenticated', '"@authenticated"'))
      .replaceAll('@link', '@uses')
      .replaceAll('link__', 'uses__')
      .replace('/link/v1.0"', '/link/v1.0", as: "uses"');
    expect(() => buildSupergraph(sdl)).toThrow('@authenticated');
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
