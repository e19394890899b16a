import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { rule, shield } from '../../../src/authorization/shield.ts';
import { canonicalJson } from '../../../src/core/json.ts';
import type { RequestContext } from '../../../src/core/request-context.ts';
import { createSigningKey } from '../../authentication/issuer-server.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';

/** Separators, and words that look alike. */
const word = fc.constantFrom('a', 'b', 'ab', '"', ',', '["a"]', 'null');
const few = (...values: string[]) => fc.constantFrom(...values);
const question = fc.record(
  {
    sub: word,
    roles: fc.subarray(['vip', 'a']),
    scope: few('', 'a', 'a b'),
    team: few('a', 'b'),
    'x-tenant': few('a', 'b', 'a, b'),
    'x-beta': few('1', '2'),
    'x-other': word,
    x: word,
    y: fc.integer({ min: 0, max: 1 }),
    field: few('mine', 'all'),
    ruled: fc.subarray(['vip', 'beta']),
  },
  { requiredKeys: ['x', 'field', 'ruled', 'scope', 'team', 'roles'] },
);
type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;

/** Questions of which most differ in one thing only, which is where answers could be mixed up. */
const questions = fc.array(question, { minLength: 3, maxLength: 10 }).chain(([first, ...others]) =>
  fc
    .array(fc.subarray(Object.keys(first ?? {}), { maxLength: 2 }), {
      minLength: others.length,
      maxLength: others.length,
    })
    .map((changes) => {
      const changed = others.map((other, index) => {
        const taken = Object.entries(other).filter(([name]) => changes[index]?.includes(name));
        return Object.assign({ ...other }, first, Object.fromEntries(taken));
      });
      return first === undefined ? [] : [first, ...changed];
    }),
);

const isVip = rule('vip')(
  (_p, _a, { principal }: RequestContext) =>
    principal?.roles.includes('vip') === true && principal.scopes.includes('a'),
);
const isBeta = rule('beta')((_p, _a, { headers }: RequestContext) => headers['x-beta'] === '1');

it('whoever asks whatever whenever, the answer is the one that is made for nobody else', async () => {
  const key = await createSigningKey('key');
  const echo = (args: object, headers: object) => canonicalJson([args, headers]);
  await using gateway = await startHttpGateway(
    {
      who: {
        sdl: 'type Query { mine(x: String, y: Int): String all(x: String, y: Int): String vip: Int beta: Int }',
        resolvers: {
          Query: {
            mine: (args, headers) => echo(args, [headers['x-user'], headers['x-team'], headers['x-tenant']]),
            all: (args, headers) => echo(args, [headers['x-user'], headers['x-team'], headers['x-tenant']]),
            vip: () => 1,
            beta: () => 1,
          },
        },
        headers: ({ query }) => ({ 'cache-control': query.includes('mine') ? 'private, max-age=600' : 'max-age=600' }),
      },
    },
    (folder) => {
      writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [key.jwk] }));
      return {
        authentication: { issuers: [{ issuer: 'shop', jwks: 'jwks.json', audiences: ['shop'] }] },
        authorization: { rules: shield({ Query: { vip: isVip, beta: isBeta } }) },
        headers: {
          toSubgraphs: ['x-tenant'],
          fromPrincipal: { 'x-user': 'subject', 'x-team': 'claims.team' },
        },
        cache: { answers: { vary: ['x-beta'] } },
      };
    },
  );
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (given: object) => {
    const name = JSON.stringify(given);
    const token = tokens.get(name) ?? key.sign({ iss: 'shop', aud: 'shop', exp: 4_102_444_800, ...given });
    tokens.set(name, token);
    return token;
  };

  const ask = async ({ sub, roles, scope, team, x, y, field, ruled, ...headers }: Question) => {
    const authorization =
      sub === undefined ? {} : { authorization: `Bearer ${await tokenOf({ sub, roles, scope, team })}` };
    const query = `query ($x: String, $y: Int) { ${field}(x: $x, y: $y) ${ruled.join(' ')} }`;
    const response = await gateway.post({ query, variables: { x, y } }, { headers: { ...headers, ...authorization } });
    return JSON.parse(await response.text()).data;
  };
  const percent = (text: string | undefined) => text?.replaceAll(/[%,]/g, encodeURIComponent);
  const model = ({ sub, roles, scope, team, x, y, field, ruled, ...headers }: Question) => {
    const outcomes: Record<string, number | null> = {
      vip: sub !== undefined && roles.includes('vip') && scope.split(' ').includes('a') ? 1 : null,
      beta: headers['x-beta'] === '1' ? 1 : null,
    };
    const identity = sub === undefined ? [undefined, undefined] : [percent(sub), team];
    return {
      [field]: echo({ x, y }, [...identity, headers['x-tenant']]),
      ...Object.fromEntries(ruled.map((name) => [name, outcomes[name]])),
    };
  };

  const property = fc.asyncProperty(questions, async (asked) => {
    const twice = [...asked, ...asked];
    expect(await Promise.all(twice.map(ask))).toEqual(twice.map(model));
    // Some of those have found what was being asked, these find what is known.
    expect(await Promise.all(asked.map(ask))).toEqual(asked.map(model));
  });
  await fc.assert(property, { numRuns: 80 });
  const sources = gateway.log.map(({ fields }) => fields['source']);
  expect(sources).toContain('known');
  expect(sources).toContain('shared');
}, 120_000);
