import { getNamedType, isCompositeType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { CompiledRules } from '../authorization/rule-tree.ts';
import { isJsonObject } from '../core/json.ts';
import { parseExactly } from '../core/parse-exactly.ts';

export interface Redaction {
  /** What clients may know of. */
  readonly schema: GraphQLSchema;
  readonly rules: CompiledRules;
  /** The names of the client's own variables, whose values it knows. */
  readonly variables: ReadonlySet<string>;
}

export const redacted = '[redacted]';

/** Of a list of entities, so many are shown. */
const MAX_ENTITIES = 50;

/**
 * The variables of a request to a subgraph, in JSON, without what the client has no claim to see: of entities, fields under a
 * rule and those that clients cannot ask for; and what a context brings.
 */
export function redactVariables(text: string, { schema, rules, variables }: Redaction): string {
  const parsed: unknown = parseExactly(text);
  if (!isJsonObject(parsed)) return redacted;
  const entries = Object.entries(parsed).map(([name, value]) => {
    if (variables.has(name)) return [name, value];
    const isEntities = Array.isArray(value) && value.every(isEntity);
    if (!isEntities) return [name, redacted];
    const shown: unknown[] = value.slice(0, MAX_ENTITIES).map((entity) => redactObject(entity, undefined));
    return [name, value.length > shown.length ? [...shown, `${value.length - shown.length} more`] : shown];
  });
  return JSON.stringify(Object.fromEntries(entries));

  function redactObject(object: Record<string, unknown>, expected: GraphQLNamedType | undefined): object {
    const { __typename: own } = object;
    const type = typeof own === 'string' ? schema.getType(own) : expected;
    const members = Object.entries(object).map(([name, value]) => {
      if (name === '__typename') return [name, value];
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      const isOpen = field !== undefined && type !== undefined && isPublic(type.name, name);
      return [name, isOpen ? redactValue(value, getNamedType(field.type)) : redacted];
    });
    return Object.fromEntries(members);
  }

  function redactValue(value: unknown, type: GraphQLNamedType): unknown {
    if (Array.isArray(value)) return value.map((item) => redactValue(item, type));
    return isCompositeType(type) && isJsonObject(value) ? redactObject(value, type) : value;
  }

  function isPublic(typeName: string, fieldName: string): boolean {
    const rule = rules.ruleFor(typeName, fieldName);
    return rule === undefined || rule.kind === 'allow';
  }
}

function isEntity(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && typeof value['__typename'] === 'string';
}
