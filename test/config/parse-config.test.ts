import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/define-config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { messageOf } from './message-of.ts';

const supergraph = { file: 'supergraph.graphql' };

describe('parseConfig', () => {
  it('fills in safe defaults', () => {
    expect(parseConfig({ supergraph }, {}, { directory: '/shop' })).toMatchInlineSnapshot(`
      {
        "admin": {
          "enabled": true,
          "host": "127.0.0.1",
        },
        "headers": {
          "fromPrincipal": {},
          "toClients": [],
          "toSubgraphs": [
            "authorization",
          ],
        },
        "introspection": false,
        "limits": {
          "defaultListSize": 10,
          "maxAliases": 200,
          "maxDepth": 100,
          "maxDirectives": 500,
          "maxDocumentBytes": 100000,
          "maxMergePairs": 100000,
          "maxRootFields": 200,
          "maxSelections": 5000,
          "maxTokens": 15000,
          "maxVariableDepth": 50,
          "maxVariableErrors": 50,
          "maxVariableValues": 50000,
        },
        "logging": {
          "level": "info",
          "redact": [],
        },
        "mode": "production",
        "plugins": [],
        "server": {
          "host": "127.0.0.1",
          "maxBodyBytes": 1000000,
          "overload": {
            "maxEventLoopDelayMs": 500,
            "maxHeapShare": 0.9,
            "maxInFlight": 1000,
          },
          "port": 4000,
          "preStopMs": 0,
          "requestTimeoutMs": 30000,
          "shutdownMs": 10000,
          "trustedProxies": [],
          "workers": 1,
        },
        "subgraphAddresses": {},
        "subgraphDefaults": {
          "breaker": {
            "failureShare": 0.5,
            "minRequests": 20,
            "openMs": 1000,
          },
          "maxInFlight": 256,
          "maxResponseBytes": 10000000,
          "queueMs": 100,
          "retry": {
            "budgetPerSecond": 3,
            "budgetShare": 0.2,
            "maxTries": 2,
          },
          "timeoutMs": 10000,
        },
        "subgraphs": {},
        "supergraph": {
          "file": "/shop/supergraph.graphql",
          "watch": true,
        },
        "telemetry": {
          "metrics": {
            "enabled": true,
            "everySeconds": 60,
          },
          "serviceName": "atrium",
          "traces": {
            "enabled": true,
            "errors": true,
            "ratio": 0.01,
            "slowMs": 1000,
          },
        },
        "warmPlans": 50,
      }
    `);
  });

  it('opens introspection in development mode unless the configuration says otherwise', () => {
    const introspection = (config: object) => parseConfig({ supergraph, ...config }, {}).introspection;

    expect(introspection({ mode: 'development' })).toBe(true);
    expect(introspection({ mode: 'development', introspection: false })).toBe(false);
    expect(introspection({ introspection: true })).toBe(true);
  });

  it('resolves paths from the folder of the configuration, and leaves URLs alone', () => {
    const issuer = { issuer: 'shop', audiences: ['web'] };
    const { supergraph, authentication } = parseConfig(
      {
        supergraph: { services: { users: { url: 'http://127.0.0.1:1' } }, fallback: 'last/supergraph.graphql' },
        authentication: {
          issuers: [
            { ...issuer, jwks: 'keys.json' },
            { ...issuer, issuer: 'other', jwks: 'http://127.0.0.1:2/keys' },
          ],
        },
      },
      {},
      { directory: '/shop' },
    );

    expect(supergraph).toHaveProperty('fallback', '/shop/last/supergraph.graphql');
    expect(authentication?.issuers.map(({ jwks }) => jwks)).toEqual(['/shop/keys.json', 'http://127.0.0.1:2/keys']);
  });

  it('freezes the data and leaves the rule tree and plugins as the user made them', () => {
    const rules = { rules: 'of the user' };
    const plugin = { async serverWillStart() {} };
    const context = () => ({});
    const overrideLabels = () => true;
    const input = defineConfig({
      supergraph,
      authorization: { rules },
      plugins: [plugin],
      context,
      overrideLabels,
      headers: { toClients: ['X-Served-By'] },
    });
    const config = parseConfig(input, {});

    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.server)).toBe(true);
    expect(Object.isFrozen(config.headers.toClients)).toBe(true);
    expect(Object.isFrozen(config.plugins)).toBe(true);
    expect(config.headers.toClients).toEqual(['x-served-by']);
    expect(config.authorization?.rules).toBe(rules);
    expect(config.plugins[0]).toBe(plugin);
    expect(config.context).toBe(context);
    expect(config.overrideLabels).toBe(overrideLabels);
    expect([rules, plugin, context, overrideLabels, input].some((own) => Object.isFrozen(own))).toBe(false);
  });

  it('leaves out what the user set to undefined', () => {
    const config = parseConfig({ supergraph, redis: undefined, subgraphs: { users: { timeoutMs: undefined } } }, {});

    expect('redis' in config).toBe(false);
    expect(config.subgraphs).toEqual({ users: {} });
  });

  it('names every wrong key with what was expected and what came', () => {
    const wrong = {
      mode: 'dev',
      server: { port: 'x', prot: 4000, requestTimeoutMs: 0, cors: { origins: 3 } },
      supergraph: { file: '' },
      subgraphs: { 'the users': { uri: 'http://127.0.0.1:1' } },
      headers: { toSubgraphs: ['authorization', '*'] },
      authentication: { issuers: [] },
      authorization: { rules: 'allow' },
      rateLimit: { rules: [{ name: 'all', key: 'user', limit: 1.5, windowSeconds: -1 }] },
      cache: { answers: { maxSeconds: -1, vary: ['a b'] } },
      documents: { manifest: [], mode: 'on' },
      redis: { url: 'http://ann:secret@127.0.0.1:6379' },
      context: {},
      overrideLabels: { beta: true },
      plugins: [null],
      metrics: true,
    };

    expect(messageOf(() => parseConfig(wrong, {}, { origin: 'gateway.config.ts' }))).toMatchInlineSnapshot(`
      "gateway.config.ts cannot be used:
        mode: expected one of "production", "development", got "dev"
        server.port: expected an integer from 0 to 65535, got "x"
        server.requestTimeoutMs: expected an integer from 1 to 2147483647, got 0
        server.cors.origins: expected "*" or a list of origins, such as ["https://shop.example"], got 3
        server.prot: unknown key. Did you mean "port"?
        supergraph.file: expected a path, got ""
        overrideLabels: expected a function, got an object
        subgraphs["the users"].uri: unknown key. Did you mean "url"?
        headers.toSubgraphs[1]: expected a header name, got "*"
        authorization.rules: expected a rule tree made by shield(...), got "allow"
        rateLimit.rules[0].key: expected one of "principal", "apiKey", "ip", "global", or a function, got "user"
        rateLimit.rules[0].limit: expected an integer from 1 to 1000000000, got 1.5
        rateLimit.rules[0].windowSeconds: expected a number of seconds over 0 and up to 86400, got -1
        cache.answers.maxSeconds: expected an integer from 0 to 86400, got -1
        cache.answers.vary[0]: expected a header name, got "a b"
        documents.manifest: expected at least one path, got an empty list
        documents.mode: expected one of "off", "log", "enforce", got "on"
        redis.url: expected a redis or rediss URL, got "http://***@127.0.0.1:6379"
        context: expected a function, got an object
        plugins[0]: expected an Apollo Server plugin, got null
        metrics: unknown key"
    `);
  });

  it.each([
    [() => ({}), 'expected an object, got a function'],
    [undefined, 'expected an object, got nothing'],
    [{}, 'supergraph: expected one of { file: "…" }, { url: "…" } or { services: { … } }, got nothing'],
    [
      { supergraph: { file: 'a.graphql', url: 'http://127.0.0.1:1' } },
      'supergraph: expected exactly one of file, url and services, got file and url',
    ],
    [{ supergraph: { url: 'http://127.0.0.1:1', watch: true } }, 'supergraph.watch: goes with file, not with url'],
    [{ supergraph: { services: {} } }, 'supergraph.services: expected at least one subgraph, got none'],
    [{ supergraph, admin: false }, 'admin: expected an object, such as { enabled: false }, got false'],
    ...['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example'].map((host): [unknown, string] => [
      { supergraph, admin: { host } },
      `admin.token: expected a token (ATRIUM_ADMIN_TOKEN) beside the host "${host}", which other machines may reach, got nothing`,
    ]),
    [
      { supergraph, admin: { token: 'guess me' } },
      'admin.token: expected a text of at least 16 letters, digits and any of "-._~+/", got 8 characters',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), burst: 11 }] } },
      'rateLimit.rules[0].burst: expected at most the limit, 10, got 11',
    ],
    [
      { supergraph, rateLimit: { rules: [limit('a'), limit('a')] } },
      'rateLimit.rules[1].name: expected a name of its own, got "a"',
    ],
    [
      { supergraph, authentication: { required: true, issuers: [] } },
      'authentication: expected at least one issuer, or apiKeys, got neither',
    ],
    [
      { supergraph, server: { cors: { origins: '*', credentials: true } } },
      'server.cors.origins: expected a list of origins beside credentials: true (browsers refuse "*" then), got "*"',
    ],
    [
      { supergraph, rateLimit: { rules: [limit('a"b')] } },
      'rateLimit.rules[0].name: expected a name of letters, digits, "_" and "-", got "a\\"b"',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), key: () => 'tenant' }] } },
      'rateLimit.rules[0].key: expected "principal", "apiKey", "ip" or "global": a function is given the context, and so ' +
        'goes with another scope than "request"',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), key: 'apiKey' }] } },
      'rateLimit.rules[0].key: needs authentication.apiKeys',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), scope: 'login' }] } },
      'rateLimit.rules[0].scope: expected "request", "operation" or a field, such as "Mutation.login", got "login"',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), operations: ['query'] }] } },
      'rateLimit.rules[0].operations: goes with scope "operation" alone',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), scope: 'operation', charge: 'field' }] } },
      'rateLimit.rules[0].charge: expected a scope of one field, such as "Mutation.login"',
    ],
    [
      { supergraph, rateLimit: { rules: [{ ...limit('a'), scope: 'Query.me', charge: 'cost' }] } },
      'rateLimit.rules[0].charge: goes with scope "operation" alone',
    ],
    [{ supergraph, redis: {} }, 'redis: expected exactly one of url, cluster and sentinel, got none of them'],
    [
      { supergraph, redis: { url: 'redis://127.0.0.1', cluster: ['redis://127.0.0.1'] } },
      'redis: expected exactly one of url, cluster and sentinel, got url and cluster',
    ],
    [
      { supergraph, redis: { url: 'redis://127.0.0.1', password: 12345 } },
      'redis.password: expected a password, got 5 characters',
    ],
    ...['10.0.0.0/33', '10.0.0/8', '::1/129', 'proxy.shop.example', '10.0.0.0/8/8', 'fe80::1%eth0', ''].map(
      (proxy): [object, string] => [
        { supergraph, server: { trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1', proxy] } },
        `server.trustedProxies[3]: expected an address or a network, such as "10.0.0.0/8", got "${proxy}"`,
      ],
    ),
    [
      { supergraph, authentication: { issuers: [{ issuer: 'a', jwks: 'a.json', audiences: [] }] } },
      'authentication.issuers[0].audiences: expected at least one audience, got an empty list',
    ],
    [
      { supergraph, authentication: { issuers: [{ issuer: 'a', jwks: 'a.json', audiences: ['b'], algorithms: [] }] } },
      'authentication.issuers[0].algorithms: expected at least one algorithm, got an empty list',
    ],
    [
      {
        supergraph,
        authentication: { issuers: [1, 2].map(() => ({ issuer: 'a', jwks: 'a.json', audiences: ['b'] })) },
      },
      'authentication.issuers[1].issuer: expected an issuer named once, got "a"',
    ],
  ])('refuses %j', (input, problem) => {
    expect(messageOf(() => parseConfig(input, {}))).toBe(`The configuration cannot be used:\n  ${problem}`);
  });

  it('hands on what is for TLS and ioredis as it came', () => {
    const redis = { url: 'redis://127.0.0.1', tls: { ca: Buffer.from('pem') }, options: { db: 3 } };
    const parsed = parseConfig({ supergraph, redis }, {}).redis;
    expect(parsed).toEqual({ ...redis, keyPrefix: 'atrium:' });
    expect(parsed?.tls).toBe(redis.tls);
  });

  it.each([
    { host: '::1' },
    { host: 'localhost' },
    { host: '0.0.0.0', token: 'x'.repeat(16) },
    { host: '::', enabled: false },
  ])('takes the admin listener %j', (admin) => {
    expect(parseConfig({ supergraph, admin }, {}).admin).toMatchObject(admin);
  });

  it('takes an override from the command line before the environment', () => {
    const overrides = [
      { path: ['server', 'port'], value: 1, source: '--port' },
      { path: ['supergraph'], value: { file: resolve('other.graphql') }, source: '--supergraph' },
    ];
    const config = parseConfig({ server: { port: 3 }, supergraph }, { PORT: '2' }, { overrides });

    expect(config.server.port).toBe(1);
    expect(config.supergraph).toEqual({ file: resolve('other.graphql'), watch: true });
  });
});

function limit(name: string) {
  return { name, key: 'ip', limit: 10, windowSeconds: 1 };
}
