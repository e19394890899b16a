import { once } from 'node:events';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mainFile, outcome, readAll, root, runProcess, start, temporaryFolder } from './run.ts';

const bin = join(root, 'bin/atrium');

/** Stands in for the command line and shows how it was started. */
const probe = `
const { version, argv, execArgv, env } = process;
process.on('SIGTERM', () => process.exit(7));
console.log(JSON.stringify({ version, flags: execArgv.filter((flag) => flag.includes('semi-space')), parameters: argv.slice(2), word: env.WORD }));
if (argv.includes('wait')) setInterval(() => {}, 1000);
if (argv.includes('die')) process.kill(process.pid, 'SIGKILL');
process.exitCode = 5;
`;

/** Makes the Node that loads it look like another. */
const asNode = (version: string, more = '') =>
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
   Object.defineProperty(process, 'version', { value: 'v${version}' });${more}`;

/** A copy of bin/ with the probe behind it, as a clone or a package, in a folder where the pinned Node is installed or not. */
async function installation({ pinned, main = 'src/cli/main.ts' }: { pinned: boolean; main?: string }): Promise<string> {
  const folder = await temporaryFolder({
    'node20.cjs': asNode('20.1.0', 'delete process.execve;'),
    'node25.cjs': asNode('25.0.0'),
  });
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  await mkdir(join(folder, dirname(main)), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, main), probe);
  if (pinned) await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

describe('bin/atrium', () => {
  it('ends well when what reads its output has had enough', async () => {
    const child = start(process.execPath, [mainFile, '--help']);
    child.stdout?.destroy();

    const [[code], error] = await Promise.all([once(child, 'exit'), readAll(child.stderr)]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it('runs from any folder and through links', async () => {
    const folder = await temporaryFolder();
    await symlink(bin, join(folder, 'atrium'));
    const { code, out, error } = await runProcess(join(folder, 'atrium'), ['--version'], { cwd: folder });

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(['node20.cjs', 'node25.cjs'])('hands over to the pinned Node from another one (%s)', async (disguise) => {
    const folder = await installation({ pinned: true });
    const parameters = ['--require', join(folder, disguise), join(folder, 'bin/atrium'), 'serve', '--port', '1'];
    const { code, out, error } = await runProcess(process.execPath, parameters, { env: { WORD: 'kept' } });

    expect({ code, error }).toEqual({ code: 5, error: '' });
    expect(JSON.parse(out)).toEqual({
      version: process.version,
      flags: ['--max-semi-space-size=64'],
      parameters: ['serve', '--port', '1'],
      word: 'kept',
    });
  });

  it('runs in a Node that is new enough when none is pinned, with the room for young objects that NODE_OPTIONS gives', async () => {
    const folder = await installation({ pinned: false });
    const parameters = ['--require', join(folder, 'node25.cjs'), join(folder, 'bin/atrium'), 'plan'];
    const env = { NODE_OPTIONS: '--max-semi-space-size=16' };
    const { code, out, error } = await runProcess(process.execPath, parameters, { env });

    expect({ code, error }).toEqual({ code: 5, error: '' });
    expect(JSON.parse(out)).toEqual({ version: 'v25.0.0', flags: [], parameters: ['plan'] });
  });

  it('refuses an old Node when none is pinned, and says what to do', async () => {
    const folder = await installation({ pinned: false });
    const parameters = ['--require', join(folder, 'node20.cjs'), join(folder, 'bin/atrium'), 'serve'];

    expect(await runProcess(process.execPath, parameters)).toEqual({
      code: 1,
      out: '',
      error:
        `atrium: expected Node.js 24 or later, got v20.1.0 (${process.execPath}). The one Atrium brings is not ` +
        `installed: run \`npm ci\` in ${folder}.\n`,
    });
  });

  it('runs as a package in the Node it was started with, or refuses that', async () => {
    const folder = await installation({ pinned: true, main: 'dist/cli/main.js' });
    const launch = (disguise: string) =>
      runProcess(process.execPath, ['--require', join(folder, disguise), join(folder, 'bin/atrium'), 'plan']);

    expect(JSON.parse((await launch('node25.cjs')).out)).toMatchObject({ version: 'v25.0.0', parameters: ['plan'] });
    expect(await launch('node20.cjs')).toEqual({
      code: 1,
      out: '',
      error: `atrium: expected Node.js 24 or later, got v20.1.0 (${process.execPath}).\n`,
    });
  });

  it.each(['node20.cjs', 'node25.cjs'])('passes signals on and ends as its child did (%s)', async (disguise) => {
    const folder = await installation({ pinned: true });
    const launch = (word: string) =>
      start(process.execPath, ['--require', join(folder, disguise), join(folder, 'bin/atrium'), word]);

    const waiting = launch('wait');
    if (waiting.stdout) await once(waiting.stdout, 'readable');
    waiting.kill('SIGTERM');
    expect(await outcome(waiting)).toMatchObject({ code: 7, error: '' });

    const dying = launch('die');
    await outcome(dying);
    expect(dying.signalCode).toBe('SIGKILL');
  });
});
