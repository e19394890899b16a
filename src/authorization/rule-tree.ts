import { isAbstractType, isIntrospectionType, isObjectType } from 'graphql';
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import { compileRule, refuse } from './compile-rule.ts';
import type { RuleRegistry } from './compile-rule.ts';
import { rulesWithFragment } from './rule-fragment.ts';
import { denialOf } from './rule-node.ts';
import type { Denial, LeafRule, RuleArguments, RuleNode } from './rule-node.ts';
import { shieldCallOf } from './shield.ts';
import type { ShieldCall } from './shield.ts';

/** A rule tree that fits a schema. */
export interface CompiledRules {
  /** The rule of an object type's field; undefined when everybody may see it. */
  readonly ruleFor: (objectType: string, field: string) => RuleNode | undefined;
  /** How many fields have a rule. */
  readonly coveredFields: number;
  /** Rules for several fields, as `Type.*` or `fallbackRule`, that no field has, because each has another. */
  readonly idleRules: readonly string[];
  /** What a client reads when a rule says no more than "no"; a function may choose per position. */
  readonly fallback: Denial | ((error: null, ...call: RuleArguments) => unknown);
  /** Whether the message of an error thrown inside a rule reaches the client. */
  readonly debug: boolean;
  /** Distinguishes under a rule cached `strict` what it may read; the parent is empty for a rule without a fragment. */
  readonly hashCall: (call: { readonly parent: object; readonly args: object }) => string;
}

export const defaultDenial: Denial = { message: 'Not Authorised!', code: 'FORBIDDEN' };

const optionNames = new Set(['debug', 'allowExternalErrors', 'fallbackRule', 'fallbackError', 'hashFunction']);

/**
 * Checks a rule tree against the API schema and flattens it to one rule per object type and field, as shield applies
 * it: the field's rule, else the type's `*`, else `fallbackRule`. What shield would silently ignore is refused.
 *
 * @param permissions what `shield(...)` returned, or undefined for no rules
 * @param required what the schema itself asks of a field, before the tree is asked
 * @throws ConfigurationError that names the item
 */
export function compileRules(
  permissions: unknown,
  schema: GraphQLSchema,
  logger: Logger,
  required: (type: string, field: string) => RuleNode | undefined = () => undefined,
): CompiledRules {
  const call = permissions === undefined ? { tree: {}, options: {} } : shieldCallOf(permissions);
  if (call === undefined) {
    throw new ConfigurationError(
      "authorization.rules: expected the result of shield(...) imported from 'atrium' or 'graphql-shield', got " +
        `${typeof permissions === 'object' ? 'another object (a second copy of graphql-shield?)' : typeof permissions}.`,
    );
  }
  const registry: RuleRegistry = { schema, nodes: new Map(), leaves: new Map() };
  const options = readOptions(call, logger);
  const fallbackRule: RuleNode =
    'fallbackRule' in call.options
      ? compileRule(call.options.fallbackRule, 'fallbackRule', registry)
      : { kind: 'allow' };
  const tree = readTree(call.tree, schema, registry);

  const rules = new Map<string, Map<string, RuleNode>>();
  const idle = new Set(['fallbackRule' in call.options ? 'fallbackRule' : [], tree.general].flat());
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    const fields = new Map<string, RuleNode>();
    for (const field of Object.keys(type.getFields())) {
      const found = tree.find(type.name, field);
      idle.delete(found?.at ?? 'fallbackRule');
      const own = found?.rule ?? fallbackRule;
      const before = required(type.name, field);
      const rule = before === undefined ? own : inFront(before, own);
      for (const leaf of rulesWithFragment(rule)) checkFragment(leaf, type, field, schema);
      if (rule.kind !== 'allow') fields.set(field, rule);
    }
    rules.set(type.name, fields);
  }
  return { ...options, ...lookup(rules), idleRules: [...idle] };
}

function inFront(required: RuleNode, rule: RuleNode): RuleNode {
  return rule.kind === 'allow' ? required : { kind: 'and', rules: [required, rule] };
}

/** A fragment has to fit every parent that the rule is asked about, and the root has nothing to read. */
function checkFragment(
  { name, fragment }: LeafRule,
  type: GraphQLObjectType,
  field: string,
  schema: GraphQLSchema,
): void {
  const at = `${type.name}.${field}`;
  if (type === schema.getQueryType() || type === schema.getMutationType()) {
    refuse(
      at,
      'a rule over context and arguments, because a root field has no parent',
      `rule "${name}" with a fragment`,
    );
  }
  const on = fragment === undefined ? undefined : schema.getType(fragment.typeName);
  if (on === type || (isAbstractType(on) && schema.isSubType(on, type))) return;
  refuse(at, `rule "${name}" to have a fragment on ${type.name}`, `one on ${fragment?.typeName ?? 'nothing'}`);
}

function lookup(rules: Map<string, Map<string, RuleNode>>): Pick<CompiledRules, 'ruleFor' | 'coveredFields'> {
  return {
    ruleFor: (objectType, field) => rules.get(objectType)?.get(field),
    coveredFields: rules.values().reduce((sum, fields) => sum + fields.size, 0),
  };
}

/** What the tree itself says, before `fallbackRule`. */
interface RuleTree {
  /** Places of rules for several fields, such as `Type.*`. */
  readonly general: readonly string[];
  readonly find: (type: string, field: string) => { readonly rule: RuleNode; readonly at: string } | undefined;
}

function readTree(tree: unknown, schema: GraphQLSchema, registry: RuleRegistry): RuleTree {
  if (!isPlainObject(tree)) {
    const at = 'the rule tree';
    const everywhere = { rule: compileRule(tree, at, registry), at };
    return { general: [], find: () => everywhere };
  }
  const general: string[] = [];
  const types = new Map<string, RuleNode | Map<string, RuleNode>>();
  for (const [typeName, entry] of Object.entries(tree)) {
    const known = readType(typeName, schema);
    if (!isPlainObject(entry)) {
      types.set(typeName, compileRule(entry, typeName, registry));
      continue;
    }
    const fields = new Map<string, RuleNode>();
    for (const [field, rule] of Object.entries(entry)) {
      if (field !== '*' && !known.has(field)) {
        refuse(
          `${typeName}.${field}`,
          'a field of the API schema (@inaccessible fields are not in it)',
          'no such field',
        );
      }
      fields.set(field, compileRule(rule, `${typeName}.${field}`, registry));
      if (field === '*') general.push(`${typeName}.*`);
    }
    types.set(typeName, fields);
  }
  return {
    general,
    find(type, field) {
      const entry = types.get(type);
      const key = entry instanceof Map && !entry.has(field) ? '*' : field;
      const rule = entry instanceof Map ? entry.get(key) : entry;
      return rule && { rule, at: `${type}.${key}` };
    },
  };
}

/** The names of an object type's fields. Shield applies rules to object types only and passes over the rest in silence. */
function readType(name: string, schema: GraphQLSchema): Set<string> {
  const type = schema.getType(name);
  if (type === undefined) {
    refuse(name, 'a type of the API schema (@inaccessible types are not in it)', 'no such type');
  }
  if (!isObjectType(type) || isIntrospectionType(type)) {
    const kind = type.astNode?.kind.replace('TypeDefinition', '').toLowerCase() ?? 'scalar';
    refuse(name, 'an object type; put the rule on each object type concerned', `a type of another kind (${kind})`);
  }
  return new Set(Object.keys(type.getFields()));
}

/** Not an instance of a class, and nothing inherited that a reader of the own properties would miss. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function readOptions({ options }: ShieldCall, logger: Logger): Pick<CompiledRules, 'fallback' | 'debug' | 'hashCall'> {
  for (const name of Object.keys(options)) {
    if (!optionNames.has(name)) {
      throw new ConfigurationError(
        `authorization.rules: unknown shield option "${name}", expected ${[...optionNames].join(', ')}.`,
      );
    }
  }
  const { debug, fallbackError, hashFunction, allowExternalErrors }: Record<string, unknown> = { ...options };
  expectOption('debug', 'a boolean', debug, ['boolean', 'undefined']);
  expectOption('allowExternalErrors', 'a boolean', allowExternalErrors, ['boolean', 'undefined']);
  expectOption('hashFunction', 'a function', hashFunction, ['function', 'undefined']);
  if (!(fallbackError instanceof Error)) {
    expectOption('fallbackError', 'a string, an Error or a function', fallbackError, [
      'string',
      'function',
      'undefined',
    ]);
  }
  if (debug === true) logger.warn({}, 'shield option "debug": clients see the messages of errors thrown inside rules');
  if (allowExternalErrors !== undefined) {
    logger.info({}, 'shield option "allowExternalErrors" has no effect: Atrium masks errors of subgraphs by itself');
  }
  return {
    debug: options.debug === true,
    fallback: readFallbackError(options.fallbackError),
    hashCall: (call) => options.hashFunction?.(call) ?? canonicalJson(call),
  };
}

function readFallbackError(option: ShieldCall['options']['fallbackError']): CompiledRules['fallback'] {
  if (typeof option === 'string') return { message: option, code: 'FORBIDDEN' };
  if (option instanceof Error) return denialOf(option) ?? defaultDenial;
  return (option as CompiledRules['fallback'] | undefined) ?? defaultDenial;
}

function expectOption(name: string, expected: string, value: unknown, types: readonly string[]): void {
  if (!types.includes(typeof value)) {
    throw new ConfigurationError(
      `authorization.rules: shield option "${name}": expected ${expected}, got ${typeof value}.`,
    );
  }
}
