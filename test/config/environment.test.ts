import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';
import { subgraphDefaults } from '../../src/config/subgraph-defaults.ts';
import { subgraphOptions } from '../../src/config/subgraph-options.ts';
import { messageOf } from './message-of.ts';

const issuer = { issuer: 'shop', jwks: 'keys.json', audiences: ['web'] };
const input = { supergraph: { file: 'supergraph.graphql' }, authentication: { issuers: [issuer] } };

describe('the environment', () => {
  it('overrides the configuration', () => {
    const config = parseConfig(input, {
      PORT: '0',
      REDIS_URL: 'redis://127.0.0.1:6379/1',
      ATRIUM_HOST: '0.0.0.0',
      ATRIUM_MODE: 'development',
      ATRIUM_LOG_LEVEL: 'silent',
      ATRIUM_JWKS: 'http://127.0.0.1:4005/keys',
      ATRIUM_ADMIN_HOST: '0.0.0.0',
      ATRIUM_ADMIN_PORT: '0',
      ATRIUM_ADMIN_TOKEN: 'for-the-operators',
    });

    expect(config).toMatchObject({
      mode: 'development',
      introspection: true,
      server: { host: '0.0.0.0', port: 0 },
      admin: { host: '0.0.0.0', port: 0, token: 'for-the-operators' },
      redis: { url: 'redis://127.0.0.1:6379/1', keyPrefix: 'atrium:' },
      logging: { level: 'silent' },
      authentication: { issuers: [{ issuer: 'shop', jwks: 'http://127.0.0.1:4005/keys' }] },
    });
  });

  it('reads a path in ATRIUM_JWKS from the working directory', () => {
    const config = parseConfig(input, { ATRIUM_JWKS: 'other.json' }, { directory: '/shop' });

    expect(config.authentication?.issuers[0]?.jwks).toBe(resolve('other.json'));
  });

  it('counts an empty variable as not set', () => {
    expect(parseConfig(input, { PORT: '', REDIS_URL: '', ATRIUM_MODE: '' })).toEqual(parseConfig(input, {}));
  });

  it('moves a subgraph, however its name is spelt', () => {
    const config = parseConfig(
      {
        ...input,
        subgraphs: {
          'pay-ments.v2': { url: 'http://127.0.0.1:1', addresses: ['http://127.0.0.1:9'], timeoutMs: 5, http2: true },
        },
      },
      { ATRIUM_SUBGRAPH_PAY_MENTS_V2_URL: 'http://127.0.0.1:2' },
    );

    expect(subgraphOptions(config, 'pay-ments.v2')).toEqual({
      ...subgraphDefaults,
      url: 'http://127.0.0.1:2',
      timeoutMs: 5,
      http2: true,
    });
    expect(subgraphOptions(config, 'users')).toEqual(subgraphDefaults);
  });

  it('reads of one subgraph only what it says, key by key', () => {
    const { subgraphDefaults: defaults, ...config } = parseConfig(
      {
        ...input,
        subgraphDefaults: { retry: { maxTries: 4 }, breaker: { openMs: 7 } },
        subgraphs: {
          users: { retry: { budgetShare: 0 }, breaker: { minRequests: 3, openMs: undefined } },
          orders: { retry: { maxTries: 1 }, breaker: {} },
        },
      },
      {},
    );
    const optionsOf = (name: string) => subgraphOptions({ ...config, subgraphDefaults: defaults }, name);

    const { retry, breaker } = subgraphDefaults;
    expect(defaults).toMatchObject({ retry: { ...retry, maxTries: 4 }, breaker: { ...breaker, openMs: 7 } });
    expect(optionsOf('users')).toEqual({
      ...subgraphDefaults,
      retry: { maxTries: 4, budgetShare: 0, budgetPerSecond: retry.budgetPerSecond },
      breaker: { failureShare: breaker.failureShare, minRequests: 3, openMs: 7 },
    });
    expect(optionsOf('orders')).toMatchObject({ retry: { maxTries: 1 }, breaker: { openMs: 7, minRequests: 20 } });
    expect(optionsOf('products')).toMatchObject({ retry: { maxTries: 4 }, breaker: { openMs: 7 } });
  });

  it('knows the keys of one subgraph', () => {
    const message = messageOf(() => parseConfig({ ...input, subgraphs: { users: { retry: { maxTrys: 2 } } } }, {}));
    expect(message).toContain('subgraphs.users.retry.maxTrys: unknown key. Did you mean "maxTries"?');
  });

  it('moves a service to introspect as well', () => {
    const services = { users: { url: 'http://127.0.0.1:1' }, orders: { url: 'http://127.0.0.1:3' } };
    const config = parseConfig({ supergraph: { services } }, { ATRIUM_SUBGRAPH_USERS_URL: 'http://127.0.0.1:2' });

    expect(config.supergraph).toMatchObject({
      services: { users: { url: 'http://127.0.0.1:2' }, orders: { url: 'http://127.0.0.1:3' } },
    });
    expect(subgraphOptions(config, 'users').url).toBe('http://127.0.0.1:2');
    expect(subgraphOptions(config, 'orders').url).toBe('http://127.0.0.1:3');
  });

  it('refuses values and names it does not know, and says which variable is meant', () => {
    const env = {
      PORT: 'http',
      ATRIUM_MODE: 'test',
      ATRIUM_MDOE: 'production',
      ATRIUM_SUBGRAPH_USERS: 'http://127.0.0.1:1',
      ATRIUM_SUBGRAPH_ORDERS_URL: 'orders',
      ATRIUM_JWKS: 'keys.json',
    };

    expect(messageOf(() => parseConfig({ supergraph: input.supergraph }, env))).toMatchInlineSnapshot(`
      "ATRIUM_MDOE: unknown variable. Did you mean "ATRIUM_MODE", "ATRIUM_HOST", or "ATRIUM_JWKS"? Known: ATRIUM_HOST, ATRIUM_MODE, ATRIUM_LOG_LEVEL, ATRIUM_JWKS, ATRIUM_SIGNING_SECRET, ATRIUM_ADMIN_HOST, ATRIUM_ADMIN_PORT, ATRIUM_ADMIN_TOKEN, ATRIUM_EXPLAIN_SECRET, ATRIUM_OTLP_URL, ATRIUM_SUBGRAPH_<NAME>_URL
      ATRIUM_SUBGRAPH_USERS: unknown variable. Did you mean "ATRIUM_SUBGRAPH_<NAME>_URL"? Known: ATRIUM_HOST, ATRIUM_MODE, ATRIUM_LOG_LEVEL, ATRIUM_JWKS, ATRIUM_SIGNING_SECRET, ATRIUM_ADMIN_HOST, ATRIUM_ADMIN_PORT, ATRIUM_ADMIN_TOKEN, ATRIUM_EXPLAIN_SECRET, ATRIUM_OTLP_URL, ATRIUM_SUBGRAPH_<NAME>_URL
      ATRIUM_SUBGRAPH_ORDERS_URL: expected an http or https URL, got "orders"
      ATRIUM_JWKS: expected exactly one issuer in authentication.issuers, got 0
      ATRIUM_MODE: expected one of "production", "development", got "test"
      PORT: expected an integer from 0 to 65535, got "http""
    `);
  });

  it('tells what is wrong with it apart from what is wrong with the configuration', () => {
    const services = { users: { url: 'http://127.0.0.1:1' } };
    const env = { ATRIUM_SUBGRAPH_USERS_URL: 'users', ATRIUM_X: '1' };

    expect(messageOf(() => parseConfig({ supergraph: { services }, mode: 'dev' }, env))).toMatchInlineSnapshot(`
      "ATRIUM_SUBGRAPH_USERS_URL: expected an http or https URL, got "users"
      ATRIUM_X: unknown variable. Did you mean "ATRIUM_HOST", "ATRIUM_JWKS", or "ATRIUM_MODE"? Known: ATRIUM_HOST, ATRIUM_MODE, ATRIUM_LOG_LEVEL, ATRIUM_JWKS, ATRIUM_SIGNING_SECRET, ATRIUM_ADMIN_HOST, ATRIUM_ADMIN_PORT, ATRIUM_ADMIN_TOKEN, ATRIUM_EXPLAIN_SECRET, ATRIUM_OTLP_URL, ATRIUM_SUBGRAPH_<NAME>_URL
      The configuration cannot be used:
        mode: expected one of "production", "development", got "dev""
    `);
  });

  it('leaves variables of the test suites alone', () => {
    expect(parseConfig(input, { ATRIUM_TEST_ALL: '1' })).toEqual(parseConfig(input, {}));
  });
});
