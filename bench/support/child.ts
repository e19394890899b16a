import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { z } from 'zod';
import { replySchema } from './messages.ts';
import type { Question } from './messages.ts';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Longer than the longest load. */
const answerMs = 4_000_000;
const patienceMs = 5_000;

/** A process of the benchmark. It lives no longer than the benchmark. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #stderr = '';
  #stopping = false;

  /** `args` are Node's and the script's. Of the environment it gets the PATH, and `env`. */
  constructor(name: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#process = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true', ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    running.add(this.#process);
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000);
    });
    this.#process.on('message', (message) => this.#receive(message));
    this.#ended = new Promise((resolve) => {
      const end = (why: string) => {
        running.delete(this.#process);
        for (const { reject } of this.#waiting.values()) reject(this.#failure(why));
        this.#waiting.clear();
        resolve();
      };
      this.#process.once('error', (error) => end(`cannot be started: ${error.message}`));
      this.#process.once('exit', (code, signal) => end(`ended with ${signal ?? `code ${String(code)}`}`));
    });
  }

  async ask<Schema extends z.ZodType>(kind: string, payload: unknown, schema: Schema): Promise<z.output<Schema>> {
    this.assertRunning();
    const benchId = ++this.#lastId;
    const question: Question = { benchId, kind, payload };
    let timer: NodeJS.Timeout | undefined;
    const result = await new Promise<unknown>((resolve, reject) => {
      timer = setTimeout(() => reject(this.#failure(`did not answer "${kind}"`)), answerMs);
      this.#waiting.set(benchId, { resolve, reject });
      this.#process.send(question, (error) => {
        if (error !== null) reject(this.#failure(`cannot be asked "${kind}": ${error.message}`));
      });
    }).finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(benchId);
    });
    return schema.parse(result);
  }

  /** @throws Error with the end of what the process wrote to stderr, when it has ended by itself. */
  assertRunning(): void {
    if (!running.has(this.#process) && !this.#stopping) throw this.#failure('has ended');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (!running.has(this.#process)) return;
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #receive(message: unknown): void {
    const reply = replySchema.safeParse(message);
    if (!reply.success) return;
    const { benchId, result, error } = reply.data;
    const waiting = this.#waiting.get(benchId);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(this.#failure(error));
  }

  #failure(what: string): Error {
    return new Error(`${this.name} ${what}${this.#stderr === '' ? '' : `\n${this.#stderr}`}`);
  }
}
