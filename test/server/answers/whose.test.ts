import { hash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSigningKey } from '../../authentication/issuer-server.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';

it('an answer is known to whoever has the same issuer, subject and claims, and to nobody else', async () => {
  const key = await createSigningKey('key');
  await using gateway = await startHttpGateway(
    {
      a: {
        sdl: 'type Query { a: Int }',
        resolvers: { Query: { a: () => 1 } },
        headers: () => ({ 'cache-control': 'private, max-age=600' }),
      },
    },
    (folder) => {
      writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [key.jwk] }));
      writeFileSync(
        join(folder, 'keys.json'),
        JSON.stringify({ keys: [{ sha256: hash('sha256', 'k'), subject: '1' }] }),
      );
      const issuers = ['shop', 'other'].map((issuer) => ({ issuer, jwks: 'jwks.json', audiences: ['shop'] }));
      return {
        authentication: { issuers, cookie: 'session', apiKeys: { file: 'keys.json', header: 'x-api-key' } },
        // Subgraphs are told nothing: what is private is the principal's all the same.
        headers: { toSubgraphs: [] },
        cache: { answers: {} },
      };
    },
  );
  const token = async (more: object) =>
    key.sign({ iss: 'shop', aud: 'shop', sub: '1', exp: 4_102_444_800, tenant: 'a', ...more });
  const askers: [name: string, headers: Record<string, string>][] = [
    ['of one issuer', { authorization: `Bearer ${await token({})}` }],
    ['of another issuer', { authorization: `Bearer ${await token({ iss: 'other' })}` }],
    ['with another claim', { authorization: `Bearer ${await token({ tenant: 'b' })}` }],
    ['with another scope', { authorization: `Bearer ${await token({ scope: 'b' })}` }],
    ['with another subject, in a cookie', { cookie: `session=${await token({ sub: '2' })}` }],
    ['with an API key', { 'x-api-key': 'k' }],
  ];
  const sourceFor = async (headers: Record<string, string>) => {
    const requestId = randomUUID();
    await gateway.post({ query: '{ a }' }, { headers: { ...headers, 'x-request-id': requestId } });
    return (await gateway.logged(({ fields }) => fields['requestId'] === requestId)).fields['source'];
  };
  for (const [name, headers] of askers) expect([name, await sourceFor(headers)]).toEqual([name, undefined]);
  for (const [name, headers] of askers) expect([name, await sourceFor(headers)]).toEqual([name, 'known']);
  expect(await sourceFor({ cookie: `session=${await token({})}` })).toBe('known');
  expect(await sourceFor({})).toBeUndefined();
});
