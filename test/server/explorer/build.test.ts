import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureExplorer } from '../../../src/server/explorer/build.ts';

const repository = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

describe('ensureExplorer', () => {
  let project: string;

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'atrium-explorer-'));
  });

  afterEach(async () => {
    await rm(project, { recursive: true, force: true });
  });

  it('builds once and builds anew when a source has changed', async () => {
    const client = await addSources(project);

    const first = await directoryOf(project);
    const { mtimeMs } = await stat(join(first, 'main.js'));
    const again = await directoryOf(project);
    await writeFile(join(client, 'style.css'), 'body { margin: 1px; }');
    const changed = await directoryOf(project);

    expect(again).toBe(first);
    expect((await stat(join(again, 'main.js'))).mtimeMs).toBe(mtimeMs);
    expect(changed).not.toBe(first);
    expect(await readdir(join(project, '.atrium/explorer'))).toHaveLength(2);
  });

  it('lays out files in one level that name no other host to load from and hold no inline script', async () => {
    await addSources(project);

    const directory = await directoryOf(project);
    const entries = await readdir(directory, { withFileTypes: true });
    const page = await readFile(join(directory, 'index.html'), 'utf8');
    const references = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, reference]) => reference);

    expect(entries.every((entry) => entry.isFile())).toBe(true);
    expect(references).toEqual(['favicon.svg', 'main.css', 'main.js']);
    expect(entries.map((entry) => entry.name)).toEqual(
      expect.arrayContaining([...references, 'editor.worker.js', 'graphql.worker.js', 'json.worker.js']),
    );
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=/);
    expect(await readFile(join(directory, 'main.css'), 'utf8')).not.toMatch(/url\(["']?(?!data:)/);
  });

  it('brings the licences of what is in it', async () => {
    await addSources(project);
    const text = await readFile(join(await directoryOf(project), 'licences.txt'), 'utf8');

    for (const name of ['graphiql', '@graphiql/react', 'monaco-editor', 'react', 'react-dom', 'graphql'])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'));
    expect(text).toContain('Permission is hereby granted');
  });

  it('takes what was built in advance where the packages to build it are missing', async () => {
    await mkdir(join(project, 'dist/explorer'), { recursive: true });

    expect(await ensureExplorer(project)).toEqual({ kind: 'ready', directory: join(project, 'dist/explorer') });
  });

  it('says what is missing where it is neither built nor buildable', async () => {
    expect(await ensureExplorer(project)).toEqual({
      kind: 'unavailable',
      reason: expect.stringMatching(/^Expected the explorer in dist\/explorer .* esbuild, graphiql, .* missing\.$/),
    });
  });

  it('gives the reason of a build that fails, and leaves nothing behind', async () => {
    const client = await addSources(project);
    await writeFile(join(client, 'main.tsx'), 'import "./nowhere.ts";');

    expect(await ensureExplorer(project)).toEqual({
      kind: 'unavailable',
      reason: expect.stringContaining('Could not resolve "./nowhere.ts"'),
    });
    expect(await readdir(join(project, '.atrium/explorer'))).toEqual([]);
  });
});

describe('node src/server/explorer/build.ts', () => {
  const entry = join(repository, 'src/server/explorer/build.ts');
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atrium-explorer-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('builds from any folder, replaces what is there and lets two builds at once both succeed', async () => {
    await mkdir(join(folder, 'explorer'));
    await writeFile(join(folder, 'explorer/old.js'), '');

    await Promise.all([1, 2].map(() => run(process.execPath, [entry, 'explorer'], { cwd: folder })));

    expect(await readdir(folder)).toEqual(['explorer']);
    const files = await readdir(join(folder, 'explorer'));
    expect(files).toContain('index.html');
    expect(files).not.toContain('old.js');
  });

  it('makes a folder that every user may read', async () => {
    await run(process.execPath, [entry, 'explorer'], { cwd: folder });

    expect((await stat(join(folder, 'explorer'))).mode & 0o005).toBe(0o005);
  });

  it('asks for the folder when none is given', async () => {
    await expect(run(process.execPath, [entry], { cwd: folder })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected the folder to build the explorer into'),
    });
  });
});

/** Gives a project the client's sources, and the packages of this one. */
async function addSources(project: string): Promise<string> {
  const client = join(project, 'src/server/explorer/client');
  await cp(join(repository, 'src/server/explorer/client'), client, { recursive: true });
  await symlink(join(repository, 'node_modules'), join(project, 'node_modules'));
  return client;
}

async function directoryOf(project: string): Promise<string> {
  const explorer = await ensureExplorer(project);
  if (explorer.kind === 'unavailable') throw new Error(explorer.reason);
  return explorer.directory;
}
