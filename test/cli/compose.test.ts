import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { run, runMain, temporaryFolder } from './run.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';
const users = `${link}type Query { me: User }\ntype User @key(fields: "id") { id: ID! name: String }\n`;
const orders = `${link}type User @key(fields: "id") { id: ID! orders: [ID!] }\n`;

let folder: string;
let sources: readonly string[];
beforeEach(async () => {
  folder = await temporaryFolder({ 'users.graphql': users, 'orders.graphql': orders });
  sources = ['users', 'orders'].map((name) => `${name}=${join(folder, `${name}.graphql`)}@http://127.0.0.1:1/${name}`);
});

describe('atrium compose', () => {
  it('prints the supergraph of files', async () => {
    const { code, out, error } = await run(['compose', ...sources]);

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(buildSupergraph(out).subgraphs).toEqual([
      { name: 'orders', url: 'http://127.0.0.1:1/orders' },
      { name: 'users', url: 'http://127.0.0.1:1/users' },
    ]);
  });

  it('writes a file, and tells with --check when it is stale', async () => {
    const file = join(folder, 'supergraph.graphql');
    const check = () => run(['compose', '--check', '--out', file, ...sources]);

    expect(await check()).toEqual({
      code: 1,
      out: '',
      error: `atrium: ${file} is missing: run compose without --check`,
    });
    expect(await run(['compose', '--out', file, ...sources])).toEqual({ code: 0, out: `wrote ${file}`, error: '' });
    expect(await check()).toEqual({ code: 0, out: `${file} is up to date`, error: '' });

    await writeFile(join(folder, 'orders.graphql'), orders.replace('[ID!]', '[String!]'));
    const before = await readFile(file, 'utf8');
    expect(await check()).toEqual({ code: 1, out: '', error: `atrium: ${file} is stale: run compose without --check` });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('shows the place of an error and writes nothing', async () => {
    await writeFile(join(folder, 'orders.graphql'), orders.replace('ID!]', 'Idd!]'));
    const { code, out, error } = await run(['compose', ...sources]);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error.replaceAll(folder, 'FOLDER')).toMatchInlineSnapshot(`
      "atrium: the subgraphs do not compose

      INVALID_GRAPHQL: [orders] Unknown type Idd

      in subgraph orders, FOLDER/orders.graphql:2:49
      1 | extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      2 | type User @key(fields: "id") { id: ID! orders: [Idd!] }
        |                                                 ^
      3 |"
    `);
  });

  it('composes the services of a configuration from the schemas beside it', async () => {
    const services = { users: { url: 'http://127.0.0.1:1/users' } };
    const supergraph = { services, fallback: 'supergraph.graphql' };
    await writeFile(join(folder, 'gateway.config.ts'), `export default ${JSON.stringify({ supergraph })}`);
    await mkdir(join(folder, 'schemas'));
    await writeFile(join(folder, 'schemas/users.graphql'), users);

    expect(await runMain(['compose'], { cwd: folder })).toEqual({
      code: 0,
      out: 'wrote supergraph.graphql\n',
      error: '',
    });
    expect(buildSupergraph(await readFile(join(folder, 'supergraph.graphql'), 'utf8')).subgraphs).toHaveLength(1);

    const asked = await runMain(['compose', '--introspect'], { cwd: folder });
    expect(asked.code).toBe(1);
    expect(asked.error).toContain('subgraph users at http://127.0.0.1:1/users did not tell its schema');
  });
});
