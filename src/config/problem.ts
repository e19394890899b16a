import { z } from 'zod';
import { ConfigurationError } from '../core/errors.ts';

/** A path into the configuration. */
export type KeyPath = readonly PropertyKey[];

export interface Problem {
  /** Empty for a problem of the whole. */
  readonly path: KeyPath;
  /** The variable or flag that is wrong, when it is not the configuration itself. */
  readonly source?: string;
  readonly message: string;
}

/** One value set from outside the configuration file. */
export interface Override {
  readonly path: KeyPath;
  readonly value: unknown;
  /** Who set it, for messages: a variable such as `PORT`, a flag such as `--port`. */
  readonly source: string;
}

export function expected(path: KeyPath, what: string, came: unknown): Problem {
  const isSecret = path[0] === 'signing' || ['password', 'token'].includes(String(path.at(-1)));
  const isTold = !isSecret || (typeof came !== 'string' && typeof came !== 'number');
  return {
    path,
    message: `expected ${what}, got ${isTold ? describeValue(came) : `${String(came).length} characters`}`,
  };
}

/** zod's issues; their messages are what the schema expected, or one line per unknown key. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code !== 'unrecognized_keys') return [expected(issue.path, issue.message, issue.input)];
    const lines = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...issue.path, key], message: lines[index] ?? 'unknown key' }));
  });
}

/**
 * One message with a line for each problem, those of flags and variables first; `origin` names the configuration, such as
 * `gateway.config.ts`.
 */
export function configurationError(
  origin: string,
  problems: readonly Problem[],
  overrides: readonly Override[] = [],
): ConfigurationError {
  const outside = new Set<string>();
  const inside: string[] = [];
  for (const { path, message, ...problem } of problems) {
    const source = problem.source ?? overrides.find((override) => startsWith(path, override.path))?.source;
    if (source !== undefined) outside.add(`${source}: ${message}`);
    else inside.push(path.length === 0 ? `  ${message}` : `  ${z.core.toDotPath([...path])}: ${message}`);
  }
  const lines = inside.length === 0 ? [...outside] : [...outside, `${origin} cannot be used:`, ...inside];
  return new ConfigurationError(lines.join('\n'));
}

function startsWith(path: KeyPath, start: KeyPath): boolean {
  return start.every((key, index) => path[index] === key);
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return describeText(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

const longestText = 80;

function describeText(text: string): string {
  // Addresses may hold a password.
  const safe = text.replace(/\/\/[^/@]*@/, '//***@');
  return JSON.stringify(safe.length > longestText ? `${safe.slice(0, longestText)}…` : safe);
}
