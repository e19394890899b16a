import type { Logger } from '../core/logger.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { compileRules } from './rule-tree.ts';
import type { CompiledRules } from './rule-tree.ts';
import { checkTransitiveReads } from './transitive.ts';

export interface AuthorizationOptions {
  /** What `shield(...)` returned; undefined for no rules. */
  readonly rules?: object | undefined;
  /** Fields, as `Type.field`, that may be seen although what they are computed from may not. */
  readonly allowTransitive?: readonly string[] | undefined;
}

/**
 * The rules as they are enforced on a supergraph.
 *
 * @throws ConfigurationError for rules that do not fit it, or that it would let clients around
 */
export function rulesOf(
  supergraph: Pick<BuiltSupergraph, 'apiSchema' | 'fieldReads'>,
  { rules, allowTransitive = [] }: AuthorizationOptions,
  logger: Logger,
): CompiledRules {
  const compiled = compileRules(rules, supergraph.apiSchema, logger);
  checkTransitiveReads(compiled, supergraph, allowTransitive);
  return compiled;
}
