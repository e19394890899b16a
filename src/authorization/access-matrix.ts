import { isIntrospectionType, isObjectType, Kind, OperationTypeNode } from 'graphql';
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import { createEvaluator, isPostponed } from './evaluate.ts';
import type { RuleNode } from './rule-node.ts';
import type { CompiledRules } from './rule-tree.ts';

/**
 * What a rule says of a field for a principal before anything is fetched. `args`: it depends on the field's arguments;
 * `data`: on the field's parent; `error`: the rule threw, which denies.
 */
export type Access = 'yes' | 'no' | 'args' | 'data' | 'error';

export interface AccessMatrix {
  /** The names of the principals, in the order of the columns. */
  readonly principals: readonly string[];
  /** One for each field that has a rule, as `Type.field`, in the schema's order. */
  readonly rows: readonly { readonly field: string; readonly access: readonly Access[] }[];
  /** The fields that no rule covers, by object type. */
  readonly uncovered: ReadonlyMap<string, readonly string[]>;
}

/** What a principal is given; the rest is the least that one can have. */
type Given = { readonly [Member in keyof Principal]?: Principal[Member] | undefined };

export interface AccessMatrixInput {
  readonly rules: CompiledRules;
  readonly schema: GraphQLSchema;
  /** Principals of the operator's own, by name. */
  readonly principals: Readonly<Record<string, Given>>;
  /** The context that rules are given for a principal. */
  readonly contextFor: (principal: Principal | null) => object | Promise<object>;
}

/** More rounds than this would mean that rules ask for ever new names. */
const maxRounds = 10;

/**
 * Asks every rule what it says of whom: of an anonymous client, of a principal without rights, of one for each role and
 * scope that rules ask for (`principal.roles.includes`, `principal.scopes.includes`), and of `principals`.
 */
export async function accessMatrix(input: AccessMatrixInput): Promise<AccessMatrix> {
  const fields = fieldsOf(input.schema);
  const covered = fields.filter(({ rule }) => rule(input.rules) !== undefined);
  const { roles, scopes } = await rightsAskedFor(input, covered);
  const principals = new Map<string, Principal | null>([
    ['anonymous', null],
    ['signed in', principalWith({})],
    ...[...roles].map((role) => [`role ${role}`, principalWith({ roles: [role] })] as const),
    ...[...scopes].map((scope) => [`scope ${scope}`, principalWith({ scopes: [scope] })] as const),
    ...Object.entries(input.principals).map(([name, given]) => [name, principalWith(given)] as const),
  ]);
  const rows = [];
  for (const field of covered) {
    const access: Access[] = [];
    for (const principal of principals.values()) access.push(await accessTo(field, principal, input));
    rows.push({ field: `${field.type.name}.${field.definition.name}`, access });
  }
  const uncovered = new Map<string, string[]>();
  for (const { type, definition, rule } of fields) {
    if (rule(input.rules) !== undefined) continue;
    uncovered.set(type.name, [...(uncovered.get(type.name) ?? []), definition.name]);
  }
  return { principals: [...principals.keys()], rows, uncovered };
}

/** A table for a terminal, followed by the fields that everybody may see. */
export function printAccessMatrix({ principals, rows, uncovered }: AccessMatrix): string {
  const lines = [['', ...principals], ...rows.map(({ field, access }) => [field, ...access])];
  const widths = ['', ...principals].map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const open = [...uncovered].map(([type, fields]) => `  ${type}: ${fields.join(', ')}`);
  return [
    ...(rows.length === 0 ? [] : [...table, '']),
    ...(open.length === 0 ? ['Every field has a rule.'] : ['No rule covers:', ...open]),
  ].join('\n');
}

interface MatrixField {
  readonly type: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly rule: (rules: CompiledRules) => RuleNode | undefined;
}

function fieldsOf(schema: GraphQLSchema): MatrixField[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => !isIntrospectionType(type))
    .flatMap((type) =>
      Object.values(type.getFields()).map((definition) => ({
        type,
        definition,
        rule: (rules: CompiledRules) => rules.ruleFor(type.name, definition.name),
      })),
    );
}

/** Grants whatever is asked for until nothing new is: a chain stops at the first right that is missing. */
async function rightsAskedFor(
  input: AccessMatrixInput,
  fields: readonly MatrixField[],
): Promise<{ readonly roles: ReadonlySet<string>; readonly scopes: ReadonlySet<string> }> {
  const roles = new Set<string>();
  const scopes = new Set<string>();
  for (let round = 0, known = -1; round < maxRounds && known < roles.size + scopes.size; round += 1) {
    known = roles.size + scopes.size;
    const principal = principalWith({ roles: remembering(roles), scopes: remembering(scopes) });
    for (const field of fields) await accessTo(field, principal, input);
  }
  return { roles, scopes };
}

function remembering(asked: Set<string>): readonly string[] {
  const granted = [...asked];
  return Object.assign([...granted], {
    includes(name: string) {
      asked.add(name);
      return granted.includes(name);
    },
  });
}

function principalWith({ subject = 'somebody', roles = [], scopes = [], claims = {} }: Given): Principal {
  return { subject, issuer: '', roles, scopes, claims };
}

async function accessTo(
  { type, definition, rule: ruleIn }: MatrixField,
  principal: Principal | null,
  { rules, schema, contextFor }: AccessMatrixInput,
): Promise<Access> {
  const rule = ruleIn(rules);
  if (rule === undefined) return 'yes';
  let hasFailed = false;
  let hasReadArguments = false;
  const fail = (): void => void (hasFailed = true);
  const logger: Logger = { debug() {}, info() {}, warn: fail, error: fail };
  const read = (): void => void (hasReadArguments = true);
  const args = new Proxy({}, { get: read, has: () => read() ?? false, ownKeys: () => read() ?? [] });
  // A strict cache would read the arguments for its key alone.
  const decide = createEvaluator({ ...rules, hashCall: () => '' }, await contextFor(principal), logger);
  const isRoot = [schema.getQueryType(), schema.getMutationType()].includes(type);
  const verdict = await decide(rule, { isRoot, args, info: infoOf(type, definition, schema) });
  if (isPostponed(verdict)) return 'data';
  if (hasReadArguments) return 'args';
  if (hasFailed) return 'error';
  return verdict === undefined ? 'yes' : 'no';
}

function infoOf(
  parentType: GraphQLObjectType,
  { name, type: returnType }: GraphQLField<unknown, unknown>,
  schema: GraphQLSchema,
): GraphQLResolveInfo {
  const node: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } };
  return {
    fieldName: name,
    fieldNodes: [node],
    returnType,
    parentType,
    path: { prev: undefined, key: name, typename: parentType.name },
    schema,
    fragments: {},
    rootValue: undefined,
    operation: {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      selectionSet: { kind: Kind.SELECTION_SET, selections: [node] },
    },
    variableValues: {},
  };
}
