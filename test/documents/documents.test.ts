import { hash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import { readManifests } from '../../src/documents/manifest.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway } from '../support/http-gateway.ts';

const subgraphs = { a: { sdl: 'type Query { a: Int b: Int }', resolvers: { Query: { a: () => 1, b: () => 2 } } } };
const sha = (text: string) => hash('sha256', text);
const persistedQuery = (sha256Hash: string, version = 1) => ({ persistedQuery: { version, sha256Hash } });

type Mode = NonNullable<AtriumUserConfig['documents']>['mode'];

/** A gateway whose manifest is the file `manifest.json`. */
const start = (manifest: object, mode?: Mode): Promise<HttpGateway> =>
  startHttpGateway(subgraphs, (folder) => {
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    return { documents: { manifest: 'manifest.json', mode } };
  });

async function outcome(asked: Promise<Response>): Promise<string> {
  const response = await asked;
  const { data, errors } = JSON.parse(await response.text());
  return `${response.status} ${errors?.[0].extensions.code ?? JSON.stringify(data)}`;
}

describe('registered queries', () => {
  it('A29: are registered under their own hash alone', async () => {
    await using gateway = await startHttpGateway(subgraphs, () => ({}));
    const victim = sha('{ b }');
    expect(await outcome(gateway.post({ query: '{ a }', extensions: persistedQuery(victim) }))).toMatch(/^400 /);
    expect(await outcome(gateway.post({ extensions: persistedQuery(victim) }))).toBe('200 PERSISTED_QUERY_NOT_FOUND');
    expect(await outcome(gateway.post({ query: '{ b }', extensions: persistedQuery(victim) }))).toBe('200 {"b":2}');
    const extensions = JSON.stringify(persistedQuery(victim));
    expect(await outcome(gateway.get({ extensions }))).toBe('200 {"b":2}');
    expect(await outcome(gateway.post({ extensions: persistedQuery(victim, 2) }))).toMatch(/^400 /);
    expect(gateway.calls).toHaveLength(2);
  });

  it('are not registered when they are refused', async () => {
    await using gateway = await startHttpGateway(subgraphs, () => ({ limits: { maxAliases: 1 } }));
    for (const query of ['{ x: a y: a }', '{ nothing }', '{']) {
      expect(await outcome(gateway.post({ query, extensions: persistedQuery(sha(query)) }))).toMatch(/^400 /);
      const again = gateway.post({ extensions: persistedQuery(sha(query)) });
      expect(await outcome(again)).toBe('200 PERSISTED_QUERY_NOT_FOUND');
    }
  });
});

describe('a manifest', () => {
  const id = sha('{ a }');
  const operations = [{ id, name: 'A', type: 'query', body: '{ a }' }];
  const kinds: [kind: string, manifest: object, id: string][] = [
    ['Apollo', { format: 'apollo-persisted-query-manifest', version: 1, operations }, id],
    ['Relay, ids are MD5', { '0cc175b9c0f1b6a831c399e269772661': '{ a }' }, '0cc175b9c0f1b6a831c399e269772661'],
    ['GraphQL-Codegen', { [id]: '{ a }' }, id],
    ['whose ids are names of members', JSON.parse('{"__proto__":"{ a }","constructor":"{ b }"}'), '__proto__'],
  ];
  it.each(kinds)('of %s: its documents are known by their ids, wherever the id stands', async (_, manifest, known) => {
    await using gateway = await start(manifest, 'enforce');
    const a = '200 {"a":1}';
    expect(await outcome(gateway.post({ documentId: known }))).toBe(a);
    expect(await outcome(gateway.get({ documentId: known }))).toBe(a);
    expect(await outcome(gateway.post({ extensions: persistedQuery(known) }))).toBe(a);
    expect(await outcome(gateway.get({ extensions: JSON.stringify(persistedQuery(known)) }))).toBe(a);
    // Clients of Apollo send the hash of the text, whatever the manifest calls it.
    expect(await outcome(gateway.post({ extensions: persistedQuery(sha('{ a }')) }))).toBe(a);
    expect(await outcome(gateway.post({ query: '{ a }' }))).toBe(a);
    expect(await outcome(gateway.post({ query: '{ a }', extensions: persistedQuery(known) }))).toBe(a);
  });

  it('whose ids are strange leads nowhere but to its texts', async () => {
    await using gateway = await start({ x: '{ a }' });
    for (const documentId of ['toString', '__proto__', '', 'y']) {
      expect(await outcome(gateway.post({ documentId }))).toBe('400 DOCUMENT_NOT_FOUND');
    }
    expect(await outcome(gateway.post({ documentId: 1 }))).toBe('400 BAD_REQUEST');
    expect(await outcome(gateway.get({ documentId: 'y' }))).toBe('400 DOCUMENT_NOT_FOUND');
    expect(await outcome(fetch(`${gateway.url}?documentId=x&documentId=x`))).toBe('400 BAD_REQUEST');
    expect(await outcome(fetch(`${gateway.url}?documentId=x`, { headers: { accept: 'application/json' } }))).toMatch(
      /^400 /,
    );
  });

  it('that is enforced lets nothing else in, and nothing be registered', async () => {
    await using gateway = await start({ x: '{ a }' }, 'enforce');
    const refused = '403 DOCUMENT_NOT_TRUSTED';
    const others = [
      { query: '{ b }' },
      { query: '{ a }\n' },
      { query: '{ b }', documentId: 'x' },
      { query: '{ b }', extensions: persistedQuery('x') },
      { query: '{ b }', extensions: persistedQuery(sha('{ b }')) },
      { extensions: persistedQuery(sha('{ b }')) },
      { documentId: 'y' },
      { query: 'mutation { a }' },
      { query: '{' },
    ];
    for (const body of others) expect(await outcome(gateway.post(body))).toBe(refused);
    expect(await outcome(gateway.get({ query: '{ b }' }))).toBe(refused);
    expect(await outcome(gateway.post({ query: '{ a }', extensions: persistedQuery(sha('{ b }')) }))).toBe(
      '200 PERSISTED_QUERY_NOT_SUPPORTED',
    );
    expect(gateway.calls).toEqual([]);
    expect(await gateway.post({ query: '{ b }' }).then((response) => response.json())).toMatchInlineSnapshot(`
      {
        "errors": [
          {
            "extensions": {
              "code": "DOCUMENT_NOT_TRUSTED",
            },
            "message": "Expected a document of the manifest, as its text in \`query\` or its id in \`documentId\` or \`extensions.persistedQuery.sha256Hash\`, got another one.",
          },
        ],
      }
    `);
  });

  it('that is only watched tells of each other document once', async () => {
    await using gateway = await start({ x: '{ a }' }, 'log');
    const b = { query: 'query B { b }', operationName: 'B', extensions: persistedQuery(sha('query B { b }')) };
    for (const body of [{ query: '{ a }' }, b, b, { extensions: b.extensions }, { documentId: 'x' }]) {
      expect(await outcome(gateway.post(body))).toMatch(/^200 {/);
    }
    expect(gateway.log.filter(({ message }) => message.includes('manifest'))).toEqual([
      { message: 'A document is not in the manifest', fields: { operation: 'B', sha256: sha('query B { b }') } },
    ]);
  });

  it('is read again when it changes, and stays when it breaks', async () => {
    await using gateway = await start({ x: '{ a }' }, 'enforce');
    const file = join(gateway.supergraphFile, '../manifest.json');
    const replace = async (text: string, message: string) => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
      await gateway.logged((line) => line.message.startsWith(message));
    };
    await replace(JSON.stringify({ y: '{ b }' }), 'The trusted documents were read again');
    expect(await outcome(gateway.post({ query: '{ a }' }))).toBe('403 DOCUMENT_NOT_TRUSTED');
    await replace('{"x":', 'The trusted documents in use stay');
    expect(await outcome(gateway.post({ documentId: 'y' }))).toBe('200 {"b":2}');
  });

  it.each([
    ['no JSON', '{', /hold JSON, got something else/],
    ['a list', '["{ a }"]', /hold an object/],
    ['a text that is none', '{"x":1}', /hold a text for each id/],
    ['an empty text', '{"x":""}', /hold a text for each id/],
    ['another version', '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}', /hold version 1/],
    ['no operations', '{"format":"apollo-persisted-query-manifest","version":1}', /hold version 1/],
    [
      'an operation without text',
      '{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"x"}]}',
      /hold a text for each id/,
    ],
    [
      'one id for two texts',
      '{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"x","body":"a"},{"id":"x","body":"b"}]}',
      /hold one text for the id "x", got two/,
    ],
  ])('with %s does not start', async (_, text, message) => {
    const started = startHttpGateway(subgraphs, (folder) => {
      writeFileSync(join(folder, 'manifest.json'), text);
      return { documents: { manifest: ['manifest.json'] } };
    });
    await expect(started).rejects.toThrow(message);
  });

  it('that is not there does not start', () => {
    expect(() => readManifests(['/nowhere.json'])).toThrow(/documents.manifest: expected \/nowhere.json .* ENOENT/);
  });
});
