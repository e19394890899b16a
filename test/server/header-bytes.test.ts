import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway } from '../support/http-gateway.ts';

/** As Node shows bytes: a character each. */
const inBytes = (text: string, encoding: BufferEncoding) => Buffer.from(text, encoding).toString('latin1');
const values = {
  'UTF-8': inBytes('Zoë, 中文', 'utf8'),
  'Latin-1': inBytes('Zoë', 'latin1'),
  'no encoding': inBytes('ff80fec3', 'hex'),
};

describe.each([
  ['made', {}],
  ['kept', { cache: { entities: {}, answers: {} } }],
])('header values beyond ASCII, of an answer that is %s,', (_, cache) => {
  let gateway: HttpGateway;
  let answered = '';
  beforeAll(async () => {
    const words = {
      sdl: 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") type Query { word: String }',
      resolvers: { Query: { word: () => 'ë' } },
      headers: () => ({ 'x-note': answered, 'cache-control': 'public, max-age=60', vary: 'x-tenant' }),
    };
    gateway = await startHttpGateway({ words }, () => ({
      admin: { enabled: false },
      headers: { toSubgraphs: ['x-tenant'], toClients: ['x-note'] },
      ...cache,
    }));
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  async function ask(tenant: string): Promise<{ headers: IncomingHttpHeaders; body: unknown }> {
    const headers = { 'content-type': 'application/json', 'x-tenant': tenant };
    const asking = request(gateway.url, { method: 'POST', headers }).end(Buffer.from('{"query":"{ word }"}'));
    const [response]: IncomingMessage[] = await once(asking, 'response');
    if (response === undefined) throw new Error('Expected a response');
    return { headers: response.headers, body: await json(response) };
  }

  it.each(Object.entries(values))('cross as the bytes they are, in both directions: %s', async (_encoding, value) => {
    answered = value;
    for (let round = 0; round < 3; round += 1) {
      const { headers, body } = await ask(value);
      expect(headers['x-note']).toBe(value);
      expect(body).toEqual({ data: { word: 'ë' } });
    }
    expect(gateway.calls.at(-1)?.headers['x-tenant']).toBe(value);
  });
});
