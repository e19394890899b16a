import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { messageOf } from '../../core/errors.ts';
import { bundledLicences } from './bundled-licences.ts';

/** Where the explorer's files are, or why there are none (a sentence for the log). */
export type ExplorerFiles =
  { readonly kind: 'ready'; readonly directory: string } | { readonly kind: 'unavailable'; readonly reason: string };

/** The same from `src/server/explorer` and from `dist/server/explorer`. */
const root = resolve(import.meta.dirname, '../../..');

/** What goes into the bundle and what makes it, apart from our own sources. */
const packages = [
  'esbuild',
  'graphiql',
  '@graphiql/react',
  '@graphiql/toolkit',
  'monaco-editor',
  'monaco-graphql',
  'graphql',
  'react',
  'react-dom',
];

/**
 * The folder with the explorer's files, all in one level, relative to one another. Where the packages to build it are
 * installed it is built from the sources and kept in `.atrium/explorer/<hash of sources and package versions>`;
 * elsewhere it is what `buildExplorer` left in `dist/explorer`. Never rejects: a gateway can do without an explorer.
 */
export async function ensureExplorer(projectRoot: string = root): Promise<ExplorerFiles> {
  try {
    const versions = await Promise.all(packages.map((name) => installedVersion(projectRoot, name)));
    const missing = packages.filter((_, index) => versions[index] === undefined);
    if (missing.length === 0) return { kind: 'ready', directory: await buildOnce(projectRoot, versions.join()) };

    const directory = join(projectRoot, 'dist/explorer');
    if (await exists(directory)) return { kind: 'ready', directory };
    const reason = `Expected the explorer in dist/explorer or the packages to build it, found neither: ${missing.join(', ')} missing.`;
    return { kind: 'unavailable', reason };
  } catch (error) {
    return { kind: 'unavailable', reason: `The explorer could not be built: ${messageOf(error)}` };
  }
}

/**
 * Bundles the explorer into a folder, which is replaced as a whole. Rejects when a package it needs is not installed.
 * One build at a time in a process: esbuild's service is stopped at the end.
 */
export async function buildExplorer(outputDirectory: string): Promise<void> {
  await bundleInto(resolve(outputDirectory), root, { replace: true });
}

async function buildOnce(projectRoot: string, versions: string): Promise<string> {
  const directory = join(projectRoot, '.atrium/explorer', await hashOfSources(projectRoot, versions));
  if (!(await exists(directory))) await bundleInto(directory, projectRoot, { replace: false });
  return directory;
}

/** Builds beside the target and renames, so that nobody sees half an explorer. */
async function bundleInto(target: string, projectRoot: string, { replace }: { replace: boolean }): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    // One level down, because only its maker may read a folder of mkdtemp.
    const built = join(temporary, 'explorer');
    await bundle(projectRoot, built);
    if (replace) await rm(target, { recursive: true, force: true });
    await rename(built, target).catch(async (error: unknown) => {
      // Another process was faster, with the same sources.
      if (!(await exists(target))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function bundle(projectRoot: string, outdir: string): Promise<void> {
  const sources = clientSources(projectRoot);
  const { build, stop } = await import('esbuild');
  const common = {
    absWorkingDir: sources,
    outdir,
    bundle: true,
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    tsconfigRaw: {},
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
    metafile: true,
  } satisfies BuildOptions;
  try {
    const results = await Promise.all([
      build({
        ...common,
        entryPoints: ['main.tsx'],
        format: 'esm',
        splitting: true,
        chunkNames: '[name]-[hash]',
        loader: { '.graphql': 'text' },
        plugins: [withoutMonacoStyles],
      }),
      build({
        ...common,
        entryPoints: {
          'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
          'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
          'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
        },
        format: 'iife',
      }),
    ]);
    const files = results.flatMap(({ metafile }) => Object.keys(metafile.inputs)).map((file) => join(sources, file));
    await writeFile(join(outdir, 'licences.txt'), await bundledLicences(files));
  } finally {
    await stop();
  }
  for (const file of ['index.html', 'favicon.svg']) await cp(join(sources, file), join(outdir, file));
}

/** GraphiQL's own sheet holds all of Monaco's, and styles of parts loaded later would land in sheets nobody links. */
const withoutMonacoStyles: Plugin = {
  name: 'without-monaco-styles',
  setup(build) {
    build.onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: '', loader: 'empty' }));
  },
};

async function hashOfSources(projectRoot: string, versions: string): Promise<string> {
  const sources = clientSources(projectRoot);
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256').update(versions);
  for (const file of [...files.toSorted(), import.meta.filename]) {
    hash.update(`\0${relative(projectRoot, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function clientSources(projectRoot: string): string {
  return join(projectRoot, 'src/server/explorer/client');
}

async function installedVersion(projectRoot: string, name: string): Promise<string | undefined> {
  const manifest = join(projectRoot, 'node_modules', name, 'package.json');
  if (!(await exists(manifest))) return undefined;
  const { version }: { version?: unknown } = JSON.parse(await readFile(manifest, 'utf8'));
  return String(version);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const [outputDirectory] = process.argv.slice(2);
  if (outputDirectory === undefined) {
    console.error(
      'Expected the folder to build the explorer into, for example: node src/server/explorer/build.ts dist/explorer',
    );
    process.exitCode = 2;
  } else {
    await buildExplorer(outputDirectory);
  }
}
