import { isObjectType } from 'graphql';
import type { GraphQLField, GraphQLSchema } from 'graphql';
import { closestNames } from '../config/closest-names.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { FieldRead } from '../supergraph/field-reads.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { implies } from './implies.ts';
import type { LeafRule } from './rule-node.ts';
import type { CompiledRules } from './rule-tree.ts';

/**
 * A field that a subgraph computes from others tells of them: its rule has to include theirs. Reads of hidden fields,
 * which no rule can name, count as reads of what those are computed from. Keys that the gateway fetches for itself are
 * no reads.
 *
 * @param allowTransitive fields, as `Type.field`, that may be seen although what they are computed from may not
 * @throws ConfigurationError for fields that tell of what their rule does not cover, and for exemptions without effect
 */
export function checkTransitiveReads(
  rules: CompiledRules,
  { apiSchema, fieldReads }: Pick<BuiltSupergraph, 'apiSchema' | 'fieldReads'>,
  allowTransitive: readonly string[],
): void {
  const computed = [...fieldReads.keys()].filter((name) => fieldOf(apiSchema, name) !== undefined);
  const problems = new Map(
    computed.flatMap((name) => {
      const found = problemsOf(name, rules, apiSchema, fieldReads);
      return found.length === 0 ? [] : [[name, found] as const];
    }),
  );
  for (const name of allowTransitive) {
    if (problems.delete(name)) continue;
    const reason = computed.includes(name)
      ? 'whose rule already includes the rules of what it reads.'
      : `which is not computed from others${closestNames(name, computed) || '.'}`;
    throw new ConfigurationError(
      'authorization.allowTransitive: expected fields that read, by @requires or @fromContext, what their rules do not ' +
        `cover, got "${name}", ${reason}`,
    );
  }
  if (problems.size === 0) return;
  throw new ConfigurationError(`authorization.rules: ${[...problems.values()].flat().join('\n')}`);
}

function problemsOf(
  name: string,
  rules: CompiledRules,
  schema: GraphQLSchema,
  reads: ReadonlyMap<string, readonly FieldRead[]>,
): string[] {
  const [typeName = '', fieldName = ''] = name.split('.');
  const own = rules.ruleFor(typeName, fieldName) ?? { kind: 'allow' };
  const takesArguments = fieldOf(schema, name)?.args.length !== 0;
  const problems = new Map<string, string>();
  for (const { read, sameObject, through } of visibleReads(name, schema, reads)) {
    const readName = `${read.type}.${read.field}`;
    const required = rules.ruleFor(read.type, read.field);
    if (required === undefined) continue;
    const sameCall = sameObject && !takesArguments && fieldOf(schema, readName)?.args.length === 0;
    if (implies(own, required, (rule) => rule.cache === 'contextual' || (sameCall && !asksForInfo(rule)))) continue;
    const shared = implies(own, required, () => true)
      ? ' They share it, but only a rule cached "contextual" is known to decide alike on other parents, arguments or info.'
      : '';
    problems.set(
      readName,
      `${name} is computed from ${readName} (${read.by}${through}), but its rule does not include the rule of ${readName}.` +
        `${shared} Put that rule beside its own with and(...), or list "${name}" in authorization.allowTransitive.`,
    );
  }
  return [...problems.values()];
}

interface VisibleRead {
  readonly read: FieldRead;
  readonly sameObject: boolean;
  /** The hidden fields between, for messages. */
  readonly through: string;
}

/** A visible field answers for what it reads itself, so that the way ends there. */
function* visibleReads(
  name: string,
  schema: GraphQLSchema,
  reads: ReadonlyMap<string, readonly FieldRead[]>,
): Generator<VisibleRead> {
  const seen = new Set<string>();
  const open = [{ name, sameObject: true, through: '' }];
  for (const at of open) {
    for (const read of reads.get(at.name) ?? []) {
      const readName = `${read.type}.${read.field}`;
      const sameObject = at.sameObject && read.sameObject;
      if (fieldOf(schema, readName) !== undefined) {
        yield { read, sameObject, through: at.through };
      } else if (!seen.has(`${readName} ${sameObject}`)) {
        seen.add(`${readName} ${sameObject}`);
        open.push({ name: readName, sameObject, through: `${at.through} through ${readName}` });
      }
    }
  }
}

/** Such a rule may decide by the name of the field. */
function asksForInfo({ decide }: LeafRule): boolean {
  return decide.length > 3;
}

function fieldOf(schema: GraphQLSchema, name: string): GraphQLField<unknown, unknown> | undefined {
  const [typeName = '', fieldName = ''] = name.split('.');
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return undefined;
  const fields = type.getFields();
  return Object.hasOwn(fields, fieldName) ? fields[fieldName] : undefined;
}
