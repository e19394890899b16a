import { ApolloServer } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationLimits } from '../../src/limits/operation-limits.ts';
import { startFront } from '../server/start-front.ts';
import type { TestFront } from '../server/start-front.ts';
import { doubledFragments, repeat } from './documents.ts';

const question = { query: '{ me { id } }' };
const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';

let front: TestFront;
/** Documents Apollo Server went on with. */
const resolved: DocumentNode[] = [];
let validations = 0;
beforeAll(async () => {
  front = await startFront({
    plugins: [
      {
        async requestDidStart() {
          return {
            async validationDidStart() {
              validations++;
            },
            async didResolveOperation({ document }) {
              resolved.push(document);
            },
          };
        },
      },
    ],
  });
});
afterAll(() => front.close());

async function refusal(response: Response) {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: Record<string, unknown> }[] };
  return {
    status: response.status,
    errors: errors.map(({ message, extensions }) => `${String(extensions['code'])}: ${message}`),
  };
}

describe('an operation beyond the limits', () => {
  it.each([
    [
      '18 fragments that double each other, in 2 KB',
      { query: doubledFragments(18) },
      'MAX_SELECTIONS_LIMIT: Expected at most 5000 selections, got 1572861.',
    ],
    [
      '1,000 fragments that double each other',
      { query: `{ me { ...F0 } } ${repeat(1_000, (i) => `fragment F${i} on User { ...F${i + 1} ...F${i + 1} }`)}` },
      'MAX_DEPTH_LIMIT: Expected at most 100 levels of selections, values or types, got more.',
    ],
    [
      'more selections than can be counted',
      { query: `{ ...F0 } ${repeat(90, (i) => `fragment F${i} on Query { ${`...F${i + 1} `.repeat(3)} }`)}` },
      'MAX_SELECTIONS_LIMIT: Expected at most 5000 selections, got more.',
    ],
    [
      '8,000 aliases of one field',
      { query: `{ ${repeat(8_000, (index) => `a${index}: me { id }`)} }` },
      'MAX_TOKENS_LIMIT: Expected at most 15000 tokens, got more.',
    ],
    [
      '300 root fields',
      { query: `{ ${repeat(300, (index) => `a${index}: me { id }`)} }` },
      'MAX_ROOT_FIELDS_LIMIT: Expected at most 200 root fields, got 300.',
    ],
    [
      'root fields in fragments',
      { query: `{ ...F ...F ... { ...F } } fragment F on Query { ${repeat(70, (index) => `a${index}: slow`)} }` },
      'MAX_ROOT_FIELDS_LIMIT: Expected at most 200 root fields, got 210.',
    ],
    [
      '1,000 operations',
      { query: repeat(1_000, (index) => `query Q${index} { slow }`), operationName: 'Q0' },
      'MAX_ROOT_FIELDS_LIMIT: Expected at most 200 root fields, got 1000.',
    ],
    [
      '300 aliases below the root',
      { query: `{ me { ${repeat(300, (index) => `a${index}: id`)} } }` },
      'MAX_ALIASES_LIMIT: Expected at most 200 aliases, got 300.',
    ],
    [
      '7,000 directives on one field',
      { query: `{ slow ${'@x '.repeat(7_000)} }` },
      'MAX_DIRECTIVES_LIMIT: Expected at most 500 directives, got 7000.',
    ],
    [
      'one field 4,000 times',
      { query: `{ me { ${'id '.repeat(4_000)} } }` },
      'MAX_MERGE_PAIRS_LIMIT: Expected at most 100000 pairs of fields or fragments to merge, got 7998000.',
    ],
    [
      'one fragment 1,000 times',
      { query: `{ me { ${'...F '.repeat(1_000)} } } fragment F on User { id }` },
      'MAX_MERGE_PAIRS_LIMIT: Expected at most 100000 pairs of fields or fragments to merge, got 999000.',
    ],
    [
      'fields nested 1,000 times',
      { query: `{ me ${'{ friends '.repeat(1_000)} { id } ${'}'.repeat(1_000)} }` },
      'MAX_DEPTH_LIMIT: Expected at most 100 levels of selections, values or types, got more.',
    ],
    [
      'fields nested deeper than the parser can',
      { query: `{ me ${'{ friends '.repeat(4_900)} { id } ${'}'.repeat(4_900)} }` },
      'MAX_DEPTH_LIMIT: Expected an operation that nests less deeply.',
    ],
    [
      'a list nested 1,000 times',
      { query: `{ echo(text: ${'['.repeat(1_000)}${']'.repeat(1_000)}) }` },
      'MAX_DEPTH_LIMIT: Expected at most 100 levels of selections, values or types, got more.',
    ],
    [
      'a type nested 5,000 times',
      { query: `query ($v: ${'['.repeat(5_000)}Int${']'.repeat(5_000)}) { slow }` },
      'MAX_DEPTH_LIMIT: Expected at most 100 levels of selections, values or types, got more.',
    ],
    [
      '200 KB of comments',
      { query: `{ slow } #${'é'.repeat(100_000)}` },
      'MAX_DOCUMENT_BYTES_LIMIT: Expected at most 100000 bytes of GraphQL, got 200010.',
    ],
    [
      'fragments without end',
      { query: '{ me { ...F } } fragment F on User { a: friends { ...F } b: friends { ...F } }' },
      'MAX_SELECTIONS_LIMIT: Expected at most 5000 selections, got more.',
    ],
    [
      'variables of 60,000 values',
      { ...question, variables: { list: Array.from({ length: 60_000 }, () => 1) } },
      'MAX_VARIABLE_VALUES_LIMIT: Expected variables of at most 50000 values, got more.',
    ],
    [
      'variables nested 60 times',
      { ...question, variables: { list: JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as unknown } },
      'MAX_VARIABLE_DEPTH_LIMIT: Expected variables nested at most 50 levels, got more.',
    ],
  ])('is refused: %s', async (_, body, error) => {
    for (const accept of [json, graphqlResponse]) {
      expect(await refusal(await front.post(body, { accept }))).toEqual({ status: 400, errors: [error] });
    }
    expect(front.executions).toEqual([]);
    expect(front.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('is refused in a GET, also when it is a mutation', async () => {
    const query = `mutation { ${repeat(300, (index) => `a${index}: rename(name: "x") { id }`)} }`;
    const response = await front.get(`/graphql?${new URLSearchParams({ query }).toString()}`, {
      'apollo-require-preflight': '1',
    });
    expect(await refusal(response)).toMatchObject({ status: 400, errors: [/^MAX_ROOT_FIELDS_LIMIT/] });
  });

  it('is not validated, and not measured again when it comes again', async () => {
    const query = `{ me { ${'name '.repeat(2_000)} } }`;
    const before = validations;
    const first = await refusal(await front.post({ query }));
    expect(resolved.at(-1)?.definitions).toEqual([]);
    expect(await refusal(await front.post({ query, operationName: 'Other' }))).toEqual(first);
    expect(validations - before).toBe(1);
  });

  it('is written to the log line under the limit’s code', async () => {
    await front.post({ query: `{ me { ${'name '.repeat(2_001)} } }` }, { 'x-request-id': 'beyond' });
    const { fields } = await front.logged((line) => JSON.stringify(line).includes('"beyond"'));
    expect(JSON.stringify(fields)).toContain('MAX_MERGE_PAIRS_LIMIT');
  });
});

describe('limits on operations', () => {
  it('leave what validation has to say to validation', async () => {
    const cycle = await refusal(await front.post({ query: '{ me { ...F } } fragment F on User { ...F }' }));
    expect(cycle).toMatchObject({ status: 400, errors: [/^GRAPHQL_VALIDATION_FAILED: Cannot spread fragment "F"/] });
    const unknown = await refusal(await front.post({ query: '{ me { ...F } }' }));
    expect(unknown).toMatchObject({ status: 400, errors: [/^GRAPHQL_VALIDATION_FAILED: Unknown fragment "F"/] });
  });

  it('let errors of a document tell their places, unless it is thousands of lines long', async () => {
    const places = async (query: string) => {
      const { errors } = (await (await front.post({ query })).json()) as { errors: { locations?: object[] }[] };
      return errors.map(({ locations }) => locations);
    };
    expect(await places(`{${'\n'.repeat(100)} x }`)).toEqual([[{ line: 101, column: 2 }]]);
    expect(await places(`{${'\n'.repeat(6_000)} x }`)).toEqual([undefined]);
  });

  it('are each as the configuration says', async () => {
    const limits = { maxTokens: 50, maxDepth: 3, maxAliases: 1, maxRootFields: 2, maxSelections: 6 };
    await using strict = await startFront({ limits });
    const codeOf = async (query: string) => {
      const { errors } = (await (await strict.post({ query })).json()) as {
        errors?: { extensions: { code: string } }[];
      };
      return errors?.[0]?.extensions.code;
    };
    expect(await codeOf('{ me { friends { id } } }')).toBeUndefined();
    expect(await codeOf('{ me { friends { friends { id } } } }')).toBe('MAX_DEPTH_LIMIT');
    expect(await codeOf('{ a: slow slow }')).toBeUndefined();
    expect(await codeOf('{ a: slow b: slow }')).toBe('MAX_ALIASES_LIMIT');
    expect(await codeOf('{ slow echo me { id } }')).toBe('MAX_ROOT_FIELDS_LIMIT');
    expect(await codeOf('{ me { id id id id id } }')).toBeUndefined();
    expect(await codeOf('{ me { id id id id id id } }')).toBe('MAX_SELECTIONS_LIMIT');
    expect(await codeOf(`{ ${'slow '.repeat(50)} }`)).toBe('MAX_TOKENS_LIMIT');
  });

  it('serve any Apollo Server as a plugin, whose store of documents may be off', async () => {
    const server = new ApolloServer({
      typeDefs: 'type Query { a: Query, b: Int }',
      resolvers: { Query: { a: () => ({}), b: () => 1 } },
      plugins: [operationLimits({ maxDepth: 2 })],
      documentStore: null,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    for (const [query, expected] of [
      ['{ a { b } }', undefined],
      ['{ a { a { b } } }', 'MAX_DEPTH_LIMIT'],
    ] as const) {
      const { body, http } = await server.executeOperation({ query });
      const code = body.kind === 'single' ? body.singleResult.errors?.[0]?.extensions?.['code'] : 'several results';
      expect({ code, status: http.status }).toEqual({ code: expected, status: expected && 400 });
    }
    await server.stop();
  });
});
