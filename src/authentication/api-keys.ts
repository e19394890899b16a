import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { configurationError, expected, problemsOf } from '../config/problem.ts';
import type { Problem } from '../config/problem.ts';
import { ConfigurationError, messageOf, RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import { watchFiles } from '../core/watched-files.ts';

export interface ApiKeyOptions {
  /** The path of a file as the configuration's `authentication.apiKeys.file` describes it. */
  readonly file: string;
  /** In lower case. */
  readonly header: string;
}

export interface ApiKeys {
  /** Throws UNAUTHENTICATED for a key that is unknown or has expired. */
  principalOf(key: string): Principal;
  close(): void;
}

interface ApiKey {
  readonly principal: Principal;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const strict = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? (issue.keys ?? []).map(() => 'unknown key').join('\n') : 'an object',
  });
const digest = 'the 64 hex digits of a SHA-256';
const subject = 'a subject';
const words = z.array(z.string('a text'), 'a list of texts').default([]);
const date = 'a date such as "2030-01-01", or a date with time and zone';
const fileSchema = strict({
  keys: z.array(
    strict({
      sha256: z
        .string(digest)
        .regex(/^[\da-f]{64}$/i, digest)
        .toLowerCase(),
      subject: z.string(subject).min(1, subject),
      roles: words,
      scopes: words,
      expires: z.union([z.iso.date(), z.iso.datetime({ offset: true })], date).optional(),
    }),
    'a list of keys',
  ),
});

/**
 * The file is read again within seconds of a change; one that cannot be used leaves the keys as they were and is
 * logged. Throws a ConfigurationError for a file that cannot be used to start with.
 */
export function openApiKeys(
  { file }: Pick<ApiKeyOptions, 'file'>,
  { logger, clock = Date.now }: { readonly logger: Logger; readonly clock?: () => number },
): ApiKeys {
  const keys = watchFiles([file], () => readKeys(file), { what: 'API keys', logger });
  return {
    principalOf(key) {
      const known = keys.current().get(hash('sha256', key));
      if (known === undefined || clock() >= known.expiresAt) {
        throw new RequestError('UNAUTHENTICATED', 'The API key is unknown or has expired.', {
          headers: { 'www-authenticate': 'ApiKey realm="atrium"' },
        });
      }
      return known.principal;
    },
    close: () => keys.close(),
  };
}

function readKeys(file: string): ReadonlyMap<string, ApiKey> {
  const result = fileSchema.safeParse(readJson(file), { reportInput: true });
  if (!result.success) throw configurationError(file, withoutSecrets(result.error));
  const keys = new Map<string, ApiKey>();
  const repeated: Problem[] = [];
  for (const [index, { sha256, expires, ...who }] of result.data.keys.entries()) {
    if (keys.has(sha256)) repeated.push(expected(['keys', index, 'sha256'], 'a key listed once', sha256));
    const principal = {
      ...who,
      roles: Object.freeze(who.roles),
      scopes: Object.freeze(who.scopes),
      issuer: 'api-key',
      claims: Object.freeze({}),
    };
    const expiresAt = expires === undefined ? Infinity : Date.parse(expires);
    keys.set(sha256, { principal: Object.freeze(principal), expiresAt });
  }
  if (repeated.length > 0) throw configurationError(file, repeated);
  return keys;
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`authentication.apiKeys: expected a file of keys, got ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the file.
    throw new ConfigurationError(`${file} cannot be used:\n  expected JSON`);
  }
}

/** Who mistook `sha256` for the place of the key itself must not find it in the log. */
function withoutSecrets(error: z.ZodError): Problem[] {
  return problemsOf(error).map(({ path, message }) =>
    path.at(-1) === 'sha256' ? { path, message: `expected ${digest}, got something else` } : { path, message },
  );
}
