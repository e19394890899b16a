import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import manifest from '../package.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '..');

/** What goes in beside the manifest. Sources stay out: Node strips no types below `node_modules`. */
const content = ['bin/atrium', 'bin/package.json', 'dist', 'LICENSE', 'NOTICE', 'README.md'];

/** Packs what `npm run build` left in `dist` into a folder; the path of the tarball. Rejects with what npm has to say. */
async function pack(folder: string): Promise<string> {
  const staging = await mkdtemp(join(tmpdir(), 'atrium-package-'));
  try {
    for (const path of content) await cp(join(root, path), join(staging, path), { recursive: true });
    await writeFile(join(staging, 'package.json'), `${JSON.stringify(publicManifest(), null, 2)}\n`);
    await promisify(execFile)('npm', ['pack', staging, '--pack-destination', folder]);
    return join(folder, `${manifest.name}-${manifest.version}.tgz`);
  } finally {
    await rm(staging, { recursive: true });
  }
}

/** The oldest that Apollo Server takes. */
const oldestGraphql = '16.11.0';

/**
 * The repository's, without what is for working on it: scripts, tools, overrides and the pinned Node. graphql-js refuses
 * objects of a second copy of itself, so its copy is the user's.
 */
function publicManifest() {
  const { name, version, description, license, type, engines, bin, exports } = manifest;
  const { graphql: _, ...dependencies } = manifest.dependencies;
  const entries = Object.entries(exports).map(([entry, source]) => {
    const built = source.replace(/^\.\/src\/(.*)\.ts$/, './dist/$1');
    return [entry, { types: `${built}.d.ts`, default: `${built}.js` }];
  });
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin,
    exports: Object.fromEntries(entries),
    files: content,
    dependencies,
    peerDependencies: { graphql: `^${oldestGraphql}` },
  };
}

const [folder = root] = process.argv.slice(2);
const tarball = await pack(resolve(folder));
const { size } = await stat(tarball);
console.log(`Wrote ${tarball} (${(size / 1_000_000).toFixed(1)} MB)`);
