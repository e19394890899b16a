import type { Logger } from '../core/logger.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { requiredBy } from './required-by.ts';
import type { Policies } from './required-by.ts';
import { compileRules } from './rule-tree.ts';
import type { CompiledRules } from './rule-tree.ts';
import { checkTransitiveReads } from './transitive.ts';

export interface AuthorizationOptions {
  /** What `shield(...)` returned; undefined for no rules. */
  readonly rules?: object | undefined;
  /** What the names in `@policy` of the supergraph stand for. */
  readonly policies?: Policies | undefined;
  /** Fields, as `Type.field`, that may be seen although what they are computed from may not. */
  readonly allowTransitive?: readonly string[] | undefined;
}

/**
 * The rules as they are enforced on a supergraph: what its directives ask, then the tree.
 *
 * @throws ConfigurationError for rules that do not fit it, or that it would let clients around
 */
export function rulesOf(
  supergraph: Pick<BuiltSupergraph, 'apiSchema' | 'fieldReads' | 'protections' | 'possibleTypes'>,
  { rules, policies = {}, allowTransitive = [] }: AuthorizationOptions,
  logger: Logger,
): CompiledRules {
  const required = requiredBy(supergraph, policies, logger);
  const compiled = compileRules(rules, supergraph.apiSchema, logger, required);
  checkTransitiveReads(compiled, supergraph, allowTransitive);
  return compiled;
}
