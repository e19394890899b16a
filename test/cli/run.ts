import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const mainFile = join(root, 'src/cli/main.ts');

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** One command line in this process. */
export async function run(parameters: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const out: string[] = [];
  const errors: string[] = [];
  const io = { out: (line: string) => void out.push(line), error: (line: string) => void errors.push(line), env };
  const code = await runCli(parameters, io);
  return { code, out: out.join('\n'), error: errors.join('\n') };
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Heads a process group of its own, for signals to it and all it starts, as a terminal sends them. */
  readonly detached?: boolean;
}

/** A process that has nothing of this one's environment but the PATH. */
export function start(
  executable: string,
  parameters: readonly string[],
  { cwd, env, detached = false }: ProcessOptions = {},
): ChildProcess {
  const cleanEnv = { PATH: process.env['PATH'] ?? '', ...env };
  return spawn(executable, parameters, { cwd, env: cleanEnv, detached, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** How a started process ends. */
export async function outcome(child: ChildProcess): Promise<Outcome> {
  const ended = once(child, 'exit');
  const [out, error] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  await ended;
  return { code: child.exitCode, out, error };
}

/** All of a process' output. */
export async function readAll(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

export function runProcess(
  executable: string,
  parameters: readonly string[],
  options?: ProcessOptions,
): Promise<Outcome> {
  return outcome(start(executable, parameters, options));
}

/** The command line in a process of its own, with the Node that runs the tests. */
export function runMain(parameters: readonly string[], options?: ProcessOptions): Promise<Outcome> {
  return runProcess(process.execPath, [mainFile, ...parameters], options);
}

/** A folder outside of the project with nothing but these files; it goes when the running test ends. */
export async function temporaryFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'atrium-'));
  onTestFinished(() => rm(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}
