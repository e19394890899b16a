import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, startShop } from '../../services-mock/start-shop.ts';
import type { Shop } from '../../services-mock/start-shop.ts';

const subgraphs = ['users', 'products', 'orders', 'payments'] as const;
let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ ports: freePorts });
});
afterAll(() => shop.close());

function post(service: keyof Shop['services'], body: object, path?: string): Promise<Response> {
  const { url } = shop.services[service];
  return fetch(path === undefined ? url : new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function postEntities(service: keyof Shop['services'], selection: string, ...representations: object[]) {
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ${selection} } }`;
  return post(service, { query, variables: { r: representations } });
}

describe('the shop over HTTP', () => {
  it.each([...subgraphs, 'identity'] as const)('%s is healthy', async (service) => {
    const response = await fetch(new URL('/health', shop.services[service].url));
    expect(await response.json()).toEqual({ status: 'ok', service });
  });

  it('serves schemas that compose to what the files compose to', async () => {
    const served = await Promise.all(
      subgraphs.map(async (name) => {
        const response = await post(name, { query: '{ _service { sdl } }' });
        const { data } = (await response.json()) as { data: { _service: { sdl: string } } };
        return data._service.sdl;
      }),
    );
    const compose = (texts: readonly string[]) =>
      composeServices(texts.map((text, index) => ({ name: subgraphs[index] ?? '', url: '', typeDefs: parse(text) })));
    const files = subgraphs.map((name) => readFileSync(`schemas/${name}.graphql`, 'utf8'));
    expect(compose(files).errors).toBeUndefined();
    expect(compose(served).supergraphSdl).toBe(compose(files).supergraphSdl);
  });

  it('says which entities may be kept, and by whom', async () => {
    const cacheControl = async (response: Promise<Response>) => (await response).headers.get('cache-control');
    const product = { __typename: 'Product', sku: 'KIT-0001' };
    const shippable = { ...product, price: { amount: 5, currency: 'EUR' }, weightGrams: 1, bulky: false };
    const reviews = 'reviews { totalCount edges { node { rating author { id } } } pageInfo { hasNextPage } }';
    expect(
      await cacheControl(postEntities('products', `... on Product { name price { amount } ${reviews} }`, product)),
    ).toBe('max-age=60, public');
    expect(
      await cacheControl(postEntities('orders', '... on Product { shippingEstimate { amount } }', shippable)),
    ).toBe('max-age=300, public');
    expect(
      await cacheControl(
        postEntities('users', '... on User { name address { city } }', { __typename: 'User', id: '1' }),
      ),
    ).toBe('max-age=60, private');
    const order = { __typename: 'Order', id: '14991' };
    expect(
      await cacheControl(
        postEntities(
          'orders',
          '... on Order { total { amount } customer { id } events { at } items { product { name } } }',
          order,
        ),
      ),
    ).toBe('max-age=60, private');
    expect(
      await cacheControl(
        postEntities('orders', '... on User { orders { totalCount } }', { __typename: 'User', id: '1' }),
      ),
    ).toBe('no-store');
    expect(await cacheControl(postEntities('payments', '... on Order { payment { status } }', order))).toBe('no-store');
    expect(await cacheControl(post('users', { query: '{ me { name } }' }))).toBe('no-store');
    expect(await cacheControl(post('products', { query: '{ products { edges { node { name } } } }' }))).toBe(
      'max-age=60, public',
    );
  });

  it('answers a mutation of somebody who is not signed in with a GraphQL error and no stack', async () => {
    const response = await post('users', { query: 'mutation { updateProfile(input: { name: "x" }) { id } }' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      data: { updateProfile: null },
      errors: [
        {
          message: 'Sign in first: the request came without a token',
          path: ['updateProfile'],
          locations: expect.any(Array),
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
  });

  it('breaks one service and leaves the others alone', async () => {
    const faults = new URL('/faults', shop.services.payments.url);
    const put = (body: object) =>
      fetch(faults, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    await put({ status: 500 });
    expect((await post('payments', { query: '{ __typename }' })).status).toBe(500);
    expect((await post('orders', { query: '{ __typename }' })).status).toBe(200);
    await put({});
    expect((await post('payments', { query: '{ __typename }' })).status).toBe(200);
  });
});

describe('identity', () => {
  it.each([
    ['ann', '1', ['customer'], 'orders:read orders:write'],
    ['bob', '2', ['customer'], 'orders:read orders:write'],
    ['carol', '3', ['customer'], ''],
    ['admin', '4', ['admin', 'customer'], 'orders:read orders:write prices:write'],
  ])('gives %s a token that its published key verifies', async (user, sub, roles, scope) => {
    const response = await post('identity', { user }, '/token');
    const answer = (await response.json()) as { access_token: string };
    expect(answer).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3_600 });
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', shop.services.identity.url));
    const { payload, protectedHeader } = await jwtVerify(answer.access_token, keys, {
      issuer: 'http://127.0.0.1:4005',
      audience: 'atrium-shop',
      algorithms: ['ES256'],
    });
    expect(payload).toMatchObject({ sub, roles, scope, name: expect.any(String) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3_600);
    expect(protectedHeader.kid).toEqual(expect.any(String));
  });

  it.each([{ user: 'mallory' }, {}, { user: ['ann'] }])('knows no user for %j', async (body) => {
    const response = await post('identity', body, '/token');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ users: ['ann', 'bob', 'carol', 'admin'] });
  });

  it('publishes no private key', async () => {
    const response = await fetch(new URL('/.well-known/jwks.json', shop.services.identity.url));
    expect(Object.keys(((await response.json()) as { keys: [object] }).keys[0]).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
  });
});

describe('starting the shop', () => {
  it('starts nothing when a port is taken, and says which', async () => {
    const taken = Number(new URL(shop.services.orders.url).port);
    await expect(startShop({ ports: { ...freePorts, payments: taken } })).rejects.toThrow(
      `The payments service cannot listen on 127.0.0.1:${taken}: it is taken`,
    );
  });

  it('lets a service stop and come back', async () => {
    const other = await startShop({ ports: freePorts, issuer: 'https://issuer.example' });
    await other.services.payments.close();
    await expect(fetch(other.services.payments.url)).rejects.toThrow('fetch failed');
    await other.close();
    await expect(fetch(other.services.users.url)).rejects.toThrow('fetch failed');
  });
});
