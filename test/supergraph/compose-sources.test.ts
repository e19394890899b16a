import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeSupergraph } from '../../src/supergraph/compose-sources.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { startSubgraph } from './http-servers.ts';
import { federated } from './sdl.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-compose-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(sdl: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.graphql`);
  await writeFile(file, sdl);
  return file;
}

const users = federated('type Query { me: User }  type User @key(fields: "id") { id: ID! }');
const ages = federated('type User @key(fields: "id") { id: ID! age: Int }');

describe('composing from where the schemas are', () => {
  it('takes files and running services together', async () => {
    const { url } = await startSubgraph(() => ages);
    const composed = await composeSupergraph({
      subgraphs: {
        users: { file: await fileWith(users), url: 'http://127.0.0.1:4001/graphql' },
        ages: { url, introspect: true },
      },
    });
    if (!composed.ok) throw new Error(composed.error);
    expect(buildSupergraph(composed.supergraphSdl).subgraphs).toEqual([
      { name: 'ages', url },
      { name: 'users', url: 'http://127.0.0.1:4001/graphql' },
    ]);
  });

  it('names the file, line and column of what does not compose', async () => {
    const file = await fileWith('type Query {\n  me User\n}');
    const composed = await composeSupergraph({ subgraphs: { users: { file, url: 'http://127.0.0.1:4001/graphql' } } });
    expect(composed).toEqual({ ok: false, error: expect.stringContaining(`in subgraph users, ${file}:2:6\n`) });
  });

  it('tells all that is wrong with the sources at once', async () => {
    const server = await startSubgraph(() => '');
    await server.close();
    const composed = await composeSupergraph({
      subgraphs: {
        users: { url: server.url, introspect: true },
        ages: { file: 'no-such-file.graphql', url: 'http://127.0.0.1:4001/graphql' },
        names: { file: 'names.graphql' },
        neither: { url: 'http://127.0.0.1:4001/graphql' },
        both: { url: 'http://127.0.0.1:4001/graphql', file: 'both.graphql', introspect: true },
      },
    });
    expect(composed.ok ? '' : composed.error.replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')).toMatchInlineSnapshot(`
      "subgraph users at http://ADDRESS/graphql did not tell its schema: connect ECONNREFUSED ADDRESS
      subgraph ages: cannot read its schema: ENOENT: no such file or directory, open 'no-such-file.graphql'
      subgraph names: expected the URL where it is served, got none
      subgraph neither: expected either a file or introspection, got neither
      subgraph both: expected either a file or introspection, got both"
    `);
  });
});
