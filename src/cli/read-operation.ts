import { readFile } from 'node:fs/promises';
import { Source } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import { UsageError } from './verb.ts';

/** The flags of every verb that takes an operation. */
export const operationFlags = {
  query: { type: 'string', short: 'q' },
  operation: { type: 'string' },
  variables: { type: 'string' },
} as const;

export const operationFlagsHelp = `  FILE                  a GraphQL document; - reads stdin
  -q, --query TEXT      the document itself
  --operation NAME      which operation, when the document has several`;

/** @throws UsageError for anything but one file or one text; ConfigurationError for a file that cannot be read */
export async function readDocument(query: string | undefined, files: readonly string[]): Promise<Source> {
  const [file] = files;
  if (files.length + (query === undefined ? 0 : 1) !== 1) {
    throw new UsageError(
      `expected either one FILE or --query TEXT, got ${query === undefined ? `${files.length} files` : 'both'}`,
    );
  }
  if (file === undefined) return new Source(query ?? '', '--query');
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: unknown) => {
    throw new ConfigurationError(`expected a GraphQL document in ${file}, got ${String(error)}`, { cause: error });
  });
  return new Source(text, file);
}

/** @throws UsageError */
export function readVariables(text: string): Record<string, unknown> {
  const variables = readJson(text);
  if (!isJsonObject(variables)) throw new UsageError(`--variables: expected a JSON object, got ${text}`);
  return variables;
}
