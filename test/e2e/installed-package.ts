import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { outcome, root, start } from '../cli/run.ts';
import type { Outcome } from '../cli/run.ts';

/** A project of somebody who has installed the package. */
export interface InstalledPackage {
  readonly project: string;
  /** Of the tarball. */
  readonly bytes: number;
  /** For commands of a shell: `npm`, and as `node` the one that runs this test. */
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

/** What npm and vitest set for their children says how this test runs, not how a user installs a package. */
const ofThisRun = /^(?:npm_(?!config_(?:registry|cache|userconfig)$)|NODE_ENV$|NODE_OPTIONS$|VITEST|ATRIUM_)/;

/** `npm run pack`, and `npm install` of the tarball in a folder with nothing else. Rejects with what npm has to say. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-package-test-'));
  const remove = () => rm(folder, { recursive: true });
  try {
    const own = Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || ofThisRun.test(name) ? [] : [[name, value] as const],
    );
    const env = { ...Object.fromEntries(own), PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
    await runWell('npm', ['run', 'pack', '--', folder], { cwd: root, env });

    const tarball = join(folder, 'atrium-0.1.0.tgz');
    const project = join(folder, 'project');
    await mkdir(project);
    // As `npm init` makes it.
    await writeFile(join(project, 'package.json'), '{ "name": "project", "version": "1.0.0", "type": "commonjs" }');
    await runWell('npm', ['install', '@apollo/server@5', tarball], { cwd: project, env });
    return { project, bytes: (await stat(tarball)).size, env, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function runWell(
  command: string,
  parameters: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<Outcome> {
  const result = await outcome(start(command, parameters, options));
  if (result.code !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${result.error}${result.out}`);
  return result;
}
