import { ConfigurationError } from '../../src/core/errors.ts';

/** What the operator reads when `parse` refuses a configuration. */
export function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('expected a ConfigurationError, got none');
}
