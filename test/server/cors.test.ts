import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import { startFront } from './start-front.ts';

const shop = 'https://shop.example';
const question = { query: '{ me { id } }' };

const corsHeaders = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

const preflight = (url: string, headers: Record<string, string>) =>
  fetch(`${url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
      ...headers,
    },
  });

describe('CORS', () => {
  it('is off unless configured', async () => {
    await using front = await startFront();
    const answered = await preflight(front.url, { origin: shop });
    expect([answered.status, answered.headers.get('allow')]).toEqual([204, 'GET, POST, OPTIONS']);
    expect(corsHeaders(answered)).toEqual({});
    expect(corsHeaders(await front.post(question, { origin: shop }))).toEqual({});
  });

  it('lets listed origins in, and only them', async () => {
    await using front = await startFront({
      server: { cors: { origins: [shop], credentials: true, maxAgeSeconds: 60 } },
    });
    const known = await preflight(front.url, { origin: shop });
    expect([known.status, await known.text()]).toEqual([204, '']);
    expect(corsHeaders(known)).toEqual({
      'access-control-allow-origin': shop,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '60',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    expect(corsHeaders(await front.post(question, { origin: shop }))).toEqual({
      'access-control-allow-origin': shop,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id, retry-after, ratelimit, ratelimit-policy',
      vary: 'Origin',
    });
    for (const origin of ['https://shop.example.evil.example', 'null', 'https://SHOP.example']) {
      expect(corsHeaders(await preflight(front.url, { origin }))).toEqual({ vary: 'Origin' });
      expect(corsHeaders(await front.post(question, { origin }))).toEqual({ vary: 'Origin' });
    }
  });

  it('lets everyone in without credentials', async () => {
    await using front = await startFront({ server: { cors: { origins: '*', credentials: true, maxAgeSeconds: 600 } } });
    expect(corsHeaders(await front.post(question, { origin: shop }))).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'x-request-id, retry-after, ratelimit, ratelimit-policy',
    });
  });

  it('lets a page read why it was refused', async () => {
    const refusing = {
      name: 'refusing',
      run() {
        throw new RequestError('UNAUTHENTICATED', 'No token.');
      },
    };
    const cors = { origins: [shop], credentials: false, maxAgeSeconds: 600 };
    await using front = await startFront({ server: { cors }, door: [refusing] });
    const response = await front.post(question, { origin: shop });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, shop]);
  });
});
