import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Environment } from '../config/environment.ts';
import { messageOf } from '../core/errors.ts';

/** What a verb may touch of the world around it. */
export interface Io {
  /** One result, for stdout; a line end is added. */
  out(text: string): void;
  /** One message, for stderr; a line end is added. */
  error(text: string): void;
  readonly env: Environment;
}

export interface Verb {
  /** Printed by `--help`. */
  readonly help: string;
  /** `parameters` is what follows the verb. Resolves with the exit code. */
  run(parameters: readonly string[], io: Io): Promise<number>;
}

/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {}

/** Flags and the values between them. Throws UsageError for a flag that is not in `options`. */
export function parseFlags<const Options extends ParseArgsOptionsConfig>(
  parameters: readonly string[],
  options: Options,
  { positionals = false }: { positionals?: boolean } = {},
) {
  try {
    return parseArgs({ args: [...parameters], options, allowPositionals: positionals, strict: true });
  } catch (error) {
    // Node's advice about `--` is for positionals that look like flags.
    const [message = ''] = messageOf(error).split(/\. (?=To specify)/);
    throw new UsageError(message, { cause: error });
  }
}
