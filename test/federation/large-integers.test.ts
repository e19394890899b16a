import { describe, expect, it, onTestFinished } from 'vitest';
import { openCachedGateway } from '../cache/cached-gateway.ts';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway, HttpSubgraph } from '../support/http-gateway.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])';
const balance = '12345678901234567891';
const note = '{"seen":[9007199254740993,1],"by":{"id":-18446744073709551615}}';

/** Services that write a Long as an integer, as Java's and Go's do. */
const subgraphs: Readonly<Record<string, HttpSubgraph>> = {
  bank: {
    sdl: `${link} scalar Long type Query { accounts: [Account!]! } type Account @key(fields: "id") { id: ID! balance: Long }`,
    resolvers: {
      Query: { accounts: () => ['1', '2'].map((id) => ({ id, balance: JSON.rawJSON(balance) })) },
    },
  },
  tax: {
    sdl: `${link} scalar Long scalar JSON type Account @key(fields: "id") {
      id: ID! balance: Long @external due: Boolean @requires(fields: "balance") note: JSON }`,
    resolvers: {
      Account: {
        due: () => true,
        note: () => ({
          seen: [JSON.rawJSON('9007199254740993'), 1],
          by: { id: JSON.rawJSON('-18446744073709551615') },
        }),
      },
    },
    headers: () => ({ 'cache-control': 'public, max-age=60' }),
  },
};
const question = { query: '{ accounts { balance due note } }' };
const account = `{"balance":${balance},"due":true,"note":${note}}`;
const answer = `{"data":{"accounts":[${account},${account}]}}`;

async function open(config: Partial<AtriumUserConfig> = {}): Promise<HttpGateway> {
  const gateway = await startHttpGateway(subgraphs, () => ({ admin: { enabled: false }, ...config }));
  onTestFinished(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

describe('integers beyond 2^53 in custom scalars', () => {
  it('reach clients and other subgraphs with all their digits', async () => {
    const gateway = await open();
    expect(await (await gateway.post(question)).text()).toBe(answer);
    const [, asked] = gateway.calls;
    expect(asked?.subgraph).toBe('tax');
    expect(asked?.body).toContain(`{"__typename":"Account","balance":${balance},"id":"1"}`);
  });

  it('are kept in the cache with them', async () => {
    const gateway = await open({ cache: { entities: {} } });
    expect(await (await gateway.post(question)).text()).toBe(answer);
    await expect
      .poll(async () => {
        const before = gateway.calls.length;
        expect(await (await gateway.post(question)).text()).toBe(answer);
        return gateway.calls.slice(before).map(({ subgraph }) => subgraph);
      })
      .toEqual(['bank']);
  });

  it('are the same for all who share a call', async () => {
    const gateway = await open({ subgraphs: { tax: { batching: { windowMs: 50 } } } });
    const answers = await Promise.all([1, 2, 3].map(async () => (await gateway.post(question)).text()));
    expect(answers).toEqual([answer, answer, answer]);
    expect(gateway.calls.filter(({ subgraph }) => subgraph === 'tax').length).toBeLessThan(3);
  });
});

describe('integers beyond 2^53 elsewhere', () => {
  const sdls = {
    s: `${link} type Query { it: Thing other: Thing } type Thing { id: ID float: Float int: Int text: String inner: Thing list: [Int] }`,
  };
  const errorAt = (path: unknown[]) => ({
    message: expect.stringContaining('does not fit its type'),
    path,
    extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
  });

  it('are digits in an ID, a double in a Float, and nothing that an Int or a text may be', async () => {
    const body = `{"data":{"it":{"id":${balance},"float":${balance},"int":${balance},"text":${balance},"list":[${balance}]}}}`;
    const gateway = await openCachedGateway(sdls, () => ({ body }));
    expect(await gateway.ask('{ it { id float int text list } }')).toEqual({
      data: { it: { id: balance, float: Number(balance), int: null, text: null, list: [null] } },
      errors: [errorAt(['it', 'int']), errorAt(['it', 'text']), errorAt(['it', 'list', 0])],
    });
  });

  it('are no objects and no lists', async () => {
    const gateway = await openCachedGateway(sdls, () => ({
      body: `{"data":{"it":${balance},"other":{"inner":${balance},"list":${balance}}}}`,
    }));
    expect(await gateway.ask('{ it { __typename } other { inner { __typename } list } }')).toEqual({
      data: { it: null, other: { inner: null, list: null } },
      errors: [errorAt(['it']), errorAt(['other', 'inner']), errorAt(['other', 'list'])],
    });
  });

  it.each([balance, `{"data":${balance}}`, `{"data":[${balance}]}`])('are no answer: %s', async (body) => {
    const gateway = await openCachedGateway(sdls, () => ({ body }));
    expect(await gateway.ask('{ it { id } }')).toEqual({
      data: { it: null },
      errors: [expect.objectContaining({ path: ['it'], extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } })],
    });
  });
});
