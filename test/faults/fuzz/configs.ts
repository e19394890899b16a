import * as fc from 'fast-check';
import { expect } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { parseConfig } from '../../../src/config/parse-config.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutated, mutations, strangeKey, strangeValue } from './mutation.ts';

const valid = {
  mode: 'production',
  server: {
    port: 0,
    requestTimeoutMs: 100,
    overload: { maxInFlight: 3 },
    trustedProxies: ['10.0.0.0/8'],
    cors: { origins: ['https://a.test'] },
  },
  admin: { port: 0, token: 'x'.repeat(20) },
  supergraph: { file: 'a.graphql', watch: true },
  subgraphs: {
    users: {
      url: 'http://users.test/',
      retry: { maxTries: 2 },
      breaker: { minRequests: 3 },
      addresses: { dns: {} },
      timeoutMs: 5,
    },
    reviews: { addresses: ['http://a.test'], batching: { windowMs: 1 } },
  },
  subgraphDefaults: { timeoutMs: 100, maxResponseBytes: 5 },
  headers: { toSubgraphs: ['authorization'], fromPrincipal: { 'x-user': 'subject' } },
  signing: { secrets: ['0123456789abcdef0123456789abcdef'] },
  authentication: { issuers: [{ issuer: 'a', jwks: 'https://a.test/jwks', audiences: ['shop'] }], required: true },
  rateLimit: {
    rules: [
      { name: 'all', key: 'ip', limit: 5, windowSeconds: 1, scope: 'operation', operations: ['query'], charge: 'cost' },
    ],
  },
  cache: { entities: { ttlSeconds: 5, subgraphs: { users: { types: { User: { ttlSeconds: 5 } } } } } },
  redis: { url: 'redis://user:password@redis.test:1', keyPrefix: 'a:' },
  limits: { maxDepth: 5 },
  documents: { manifest: ['a.json'], mode: 'enforce' },
};

/** Configurations that are nearly right, or not at all, with an environment. */
export const configs: Fuzzer = {
  name: 'configurations',
  runs: [300, 6_000],
  property: () =>
    fc.asyncProperty(
      mutations,
      fc.option(strangeValue, { freq: 20 }),
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(
            'PORT',
            'REDIS_URL',
            'ATRIUM_MODE',
            'ATRIUM_SUBGRAPH_USERS_URL',
            'ATRIUM_ADMIN_PORT',
            'ATRIUM_',
          ),
          strangeKey,
        ),
        fc.oneof(fc.string(), fc.constantFrom('1', 'true', '-1', 'http://', 'redis://')),
        { maxKeys: 2 },
      ),
      async (changes, whole, env) => {
        const input = whole ?? mutated(valid, changes);
        try {
          expect(Object.isFrozen(parseConfig(input, env))).toBe(true);
        } catch (error) {
          // One readable message, of the configuration and not of the program.
          expect(error).toBeInstanceOf(ConfigurationError);
          expect(String(error)).not.toMatch(
            /Cannot read|is not a function|undefined is not|\[object Object\]|password/,
          );
        }
      },
    ),
};
