import type { IncomingHttpHeaders } from 'node:http';
import { array, assert, property, string } from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { identityOf } from '../../src/core/identity-headers.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createHeaderPolicy } from '../../src/subgraph/headers.ts';
import { clientOf, closeAll, contextWith, data, query, subgraph } from '../subgraph/client-under-test.ts';

afterEach(closeAll);

const ann: Principal = {
  subject: 'ann',
  issuer: 'https://id.test',
  roles: ['a,b', 'c'],
  scopes: [],
  claims: { tenant: 'Größe\r\nx-admin: 1' },
};
const fromPrincipal = {
  'X-User-Id': 'subject',
  'x-tenant': 'claims.tenant',
  'x-roles': 'roles',
  'x-none': 'claims.no',
};
const headers = { toSubgraphs: ['authorization'], toClients: [], fromPrincipal };
const forged = { 'x-user-id': '7', 'x-tenant': 'root', 'x-none': '1', 'x-user-role': 'ADMIN' };
const hopByHop = { connection: 'close, x-user-id, x-tenant', te: 'trailers', host: 'gateway', upgrade: 'h2c' };

async function received(principal: Principal | null): Promise<IncomingHttpHeaders> {
  const { url, received: requests } = await subgraph();
  const context = contextWith({ principal, headers: { ...forged, ...hopByHop } });
  expect(await clientOf(url, { headers }).send(query, context)).toMatchObject(data);
  return requests[0]?.headers ?? {};
}

describe('identity headers', () => {
  it('are the gateway’s, whatever the client sends or calls hop-by-hop', async () => {
    const seen = await received(ann);
    expect(seen).toMatchObject({
      'x-user-id': 'ann',
      'x-tenant': 'Gr%C3%B6%C3%9Fe%0D%0Ax-admin:%201',
      'x-roles': 'a%2Cb,c',
    });
    expect(seen).not.toHaveProperty('x-none');
    expect(seen).not.toHaveProperty('x-user-role');
    expect(seen).not.toHaveProperty('te');
  });

  it('are absent for an anonymous client', async () => {
    const seen = await received(null);
    for (const name of [...Object.keys(forged), 'x-roles']) expect(seen).not.toHaveProperty(name);
  });

  it('can be read back by every service', () => {
    assert(
      property(array(string({ unit: 'binary', minLength: 1 }), { minLength: 1 }), (roles) => {
        const value = identityOf({ ...ann, roles }, { r: 'roles' })['r'] ?? '';
        expect(value).toMatch(/^[\x21-\x7e]*$/);
        expect(value.split(',').map(decodeURIComponent)).toEqual(roles);
      }),
    );
  });

  it('keep the scopes of different principals apart', () => {
    const { scopeOf } = createHeaderPolicy(headers);
    const keys = [
      ann,
      { ...ann, subject: 'bob' },
      { ...ann, issuer: 'other' },
      { ...ann, claims: { tenant: 'blue' } },
      null,
    ].map((principal) => scopeOf(contextWith({ principal })).key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(scopeOf(contextWith({ principal: ann })).principal).toBe(ann);
  });

  it.each(['Host', 'authorization', 'content-type', 'Content_Length', 'te', 'x-request-id', 'X_Tenant'])(
    'are not sent as %s',
    (name) => {
      const fromPrincipal = Object.fromEntries([
        ['x-user-id', 'subject'],
        [name, 'subject'],
      ]);
      expect(() => createHeaderPolicy({ toSubgraphs: ['x-tenant'], toClients: [], fromPrincipal })).toThrow(name);
    },
  );
});
