import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFront } from './start-front.ts';
import type { TestFront } from './start-front.ts';

const limit = 1_000_000;
const question = JSON.stringify({ query: '{ echo(text: "grüße 🛍") }' });
const answer = { data: { echo: 'grüße 🛍' } };
const encodings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

let front: TestFront;
beforeAll(async () => {
  front = await startFront({ server: { maxBodyBytes: limit } });
});
beforeEach(() => {
  front.log.length = 0;
});
afterAll(() => front.close());

async function refusal(response: Response | Promise<Response>) {
  const { status, headers } = await response;
  const body = (await (await response).json()) as { errors: { message: string; extensions: { code: string } }[] };
  return { status, headers, code: body.errors[0]?.extensions.code, message: body.errors[0]?.message };
}

async function isWell() {
  const response = await front.post(question);
  expect(await response.json()).toEqual(answer);
  expect(front.log.filter(({ level }) => level !== 'info')).toEqual([]);
}

/** A body with this many bytes. */
const sized = (bytes: number) => question.padEnd(bytes - (Buffer.byteLength(question) - question.length));

describe('a body', () => {
  it.each(Object.entries(encodings))('is inflated from %s', async (encoding, compress) => {
    const response = await front.post(compress(question), { 'content-encoding': encoding.toUpperCase() });
    expect(await response.json()).toEqual(answer);
  });

  it.each(['identity', ''])('is taken as it is with content-encoding "%s"', async (encoding) => {
    const headers: Record<string, string> = encoding === '' ? {} : { 'content-encoding': encoding };
    expect(await (await front.post(question, headers)).json()).toEqual(answer);
  });

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
    'application/json; charset=utf8',
  ])('is read as %s', async (contentType) => {
    expect(await (await front.post(question, { 'content-type': contentType })).json()).toEqual(answer);
  });

  it('may begin with a byte order mark', async () => {
    expect(await (await front.post(Buffer.from(`\uFEFF${question}`))).json()).toEqual(answer);
  });

  it('keeps characters that are cut by the chunks they arrive in', async () => {
    const bytes = Buffer.from(question);
    const cut = bytes.indexOf('🛍') + 2;
    const socket = front.socket();
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
    expect(Buffer.from(await socket.received(/\}\}$/), 'latin1').toString()).toContain(JSON.stringify(answer));
    socket.destroy();
  });
});

describe('a body is refused', () => {
  it.each([
    ['an unknown encoding', 'zstd'],
    ['two encodings', 'gzip, br'],
    ['a name every object has', 'constructor'],
  ])('in %s', async (_, encoding) => {
    const { status, code, headers } = await refusal(front.post(gzipSync(question), { 'content-encoding': encoding }));
    expect({ status, code }).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(headers.get('accept-encoding')).toBe('gzip, deflate, br');
    await isWell();
  });

  it.each(['utf-16', 'iso-8859-1', 'utf-7'])('in the charset %s', async (charset) => {
    const response = front.post(question, { 'content-type': `application/json; charset=${charset}` });
    expect(await refusal(response)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it.each([
    ['cut short', gzipSync(question).subarray(0, -12)],
    ['not gzip', Buffer.from(question)],
    ['empty', Buffer.alloc(0)],
    ['raw deflate', deflateRawSync(question)],
  ])('that says gzip and is %s', async (_, bytes) => {
    expect(await refusal(front.post(bytes, { 'content-encoding': 'gzip' }))).toMatchObject({
      status: 400,
      code: 'BAD_REQUEST',
    });
    await isWell();
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['half a character', [0xe2, 0x82]],
  ])('with %s', async (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"query":"{ me { id } } #'), Buffer.from(bytes), Buffer.from('"}')]);
    const { status, code, message } = await refusal(front.post(body));
    expect({ status, code, message }).toEqual({
      status: 400,
      code: 'BAD_REQUEST',
      message: 'Expected the body to be UTF-8, got bytes that are not.',
    });
  });

  it('when there is none', async () => {
    const { status, message } = await refusal(fetch(`${front.url}/graphql`, { method: 'POST' }));
    expect([status, message]).toEqual([400, 'Expected the body to be JSON, got nothing.']);
    expect(await refusal(front.post(''))).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  it('when it is malformed, with the place and without the text', async () => {
    const { status, message } = await refusal(front.post('{"query":"{ me { id } }","variables":{"password":hunter2}}'));
    expect(status).toBe(400);
    expect(message).toBe('Expected the body to be JSON, got something else at position 49.');
    await isWell();
  });

  it('when it nests without end', async () => {
    for (const body of [
      `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
      `{"variables":${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}}`,
    ]) {
      expect(await refusal(front.post(body))).toMatchObject({
        status: 400,
        message: 'Expected the body to nest at most 200 levels, got more.',
      });
    }
    await isWell();
  });

  it('when its length is said twice', async () => {
    const socket = front.socket();
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write('content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n');
    expect(await socket.closed).toMatch(/^HTTP\/1.1 400 .*"code":"BAD_REQUEST"/s);
    await isWell();
  });

  it('when it is longer than it says', async () => {
    const socket = front.socket();
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n');
    socket.write(question);
    expect(await socket.closed).toMatch(/^HTTP\/1.1 400 /);
    await isWell();
  });

  it('when the client leaves in the middle of it', async () => {
    for (const encoding of ['identity', 'gzip']) {
      front.log.length = 0;
      const socket = front.socket();
      socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n');
      socket.write(`content-encoding: ${encoding}\r\n\r\n`);
      socket.write(encoding === 'gzip' ? gzipSync(question).subarray(0, 12) : 'half a body');
      // The server has to have seen the half body before the end of the connection.
      await front.post(question);
      socket.destroy();
      const { fields } = await front.logged((line) => line.fields['status'] !== 200);
      expect(fields).toMatchObject({ status: 499, codes: [] });
      await isWell();
    }
  });
});

describe('the limit', () => {
  it.each([
    ['the limit', limit, 200],
    ['a byte more', limit + 1, 413],
  ])('counts the inflated bytes: %s', async (_, bytes, status) => {
    const body = sized(bytes);
    expect(Buffer.byteLength(body)).toBe(bytes);
    expect((await front.post(body)).status).toBe(status);
    for (const [encoding, compress] of Object.entries(encodings)) {
      expect((await front.post(compress(body), { 'content-encoding': encoding })).status).toBe(status);
    }
    await isWell();
  });

  it('answers before the body has ended', async () => {
    const socket = front.socket();
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    socket.write(`${(limit + 1).toString(16)}\r\n${' '.repeat(limit + 1)}\r\n`);
    expect(await socket.received(/"code":"PAYLOAD_TOO_LARGE"/)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it('answers a declared length without waiting for a byte', async () => {
    const socket = front.socket();
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${limit + 1}\r\n\r\n`,
    );
    expect(await socket.received(/"code":"PAYLOAD_TOO_LARGE"/)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it('reaches a client that sends all of a long body', async () => {
    expect(await refusal(front.post(' '.repeat(20 * limit)))).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    await isWell();
  });

  it('counts what is received of a stream that inflates to nothing', async () => {
    const nothing = gzipSync('');
    const members = Buffer.concat(Array.from({ length: Math.ceil(limit / nothing.length) + 1 }, () => nothing));
    const socket = front.socket();
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write(`content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n${members.length.toString(16)}\r\n`);
    socket.write(members);
    expect(await socket.received(/"code":"PAYLOAD_TOO_LARGE"/)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
    await isWell();
  });

  it('keeps memory flat under bodies that inflate to a multiple of it', async () => {
    const zeros = Buffer.alloc(10_000_000);
    // Ten members of 10 MB each: 100 MB in 97 KB.
    const gzip = Buffer.concat(Array.from({ length: 10 }, () => gzipSync(zeros)));
    const bombs = { gzip, deflate: deflateSync(zeros), br: brotliCompressSync(zeros) };
    const explode = async () => {
      for (const [encoding, bomb] of Object.entries(bombs)) {
        expect((await front.post(bomb, { 'content-encoding': encoding })).status).toBe(413);
        const socket = front.socket();
        socket.write(
          'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n',
        );
        socket.write(`content-encoding: ${encoding}\r\n\r\n${bomb.length.toString(16)}\r\n`);
        socket.write(bomb);
        expect(await socket.received(/"code":"PAYLOAD_TOO_LARGE"/)).toMatch(/^HTTP\/1.1 413 /);
        socket.destroy();
      }
    };
    await explode();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 5; round++) await explode();
    // One of these bodies inflated, without a limit, is 100 MB; client and server share this process' memory.
    expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
    await isWell();
  });
});
