import { Kind, parse, valueFromASTUntyped } from 'graphql';
import type { FieldNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import type { EntityLookup } from './entity-cache.ts';
import { fillIn } from './fill-in.ts';
import { cacheTag, entityTag, someCacheTag, someEntityTag, subgraphTag, typeTag } from './invalidation-tags.ts';
import type { KeyFields, SchemaFacts } from './schema-facts.ts';

/** The tags of whatever answers one text, worked out once for it. */
export interface TagPlan {
  /** Of every entry. */
  readonly common: readonly string[];
  /** While none of them was invalidated, none of an entry's own was that follows from what was asked. */
  readonly some: readonly string[];
  /** An entry's own. Throws when a `@cacheTag` cannot be filled in: then nothing may be stored. */
  ownTags(representation: string, variables: EntityLookup['variables']): readonly string[];
  /** Of the keys that the representation does not hold: by what the answer tells, or for not telling it. */
  answeredTags(representation: string, entity: unknown): readonly string[];
}

type SchemaTypes = SchemaFacts['types'];

export function createTagPlan(
  { subgraph, text, isRoot }: Pick<EntityLookup, 'subgraph' | 'text' | 'isRoot'>,
  types: SchemaTypes,
): TagPlan {
  const definitions = text.variableDefinitions.length === 0 ? '' : `(${text.variableDefinitions.join()})`;
  const selection = isRoot ? `{${text.selection}}` : text.selection;
  const document = parse([`query${definitions}`, selection, ...text.fragments.map((one) => one.text)].join(''), {
    noLocation: true,
  });
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('Expected a text that can be asked');
  const held = heldTypes(operation.selectionSet, isRoot ? 'Query' : undefined, types, fragmentsOf(document));
  const inside = [...held.inside].flatMap((type) => [...(types.get(type)?.related ?? [type])]);
  const named = new Set([...held.top, ...inside]);
  const rootFields = operation.selectionSet.selections.filter((one) => one.kind === Kind.FIELD);
  const asked = isRoot ? rootFields.flatMap((field) => rootFormats(subgraph, field, operation, types)) : [];
  const formatsOf = (type: string) => types.get(type)?.formats.get(subgraph) ?? [];
  const hasFormats = asked.length > 0 || [...held.top].some((type) => formatsOf(type).length > 0);
  return {
    common: [
      subgraphTag(subgraph),
      ...[...named].map((type) => typeTag(subgraph, type)),
      ...inside.filter((type) => types.get(type)?.keys.length).map((type) => someEntityTag(type)),
    ],
    some: [...(isRoot ? [] : [...held.top].map((type) => someEntityTag(type))), ...(hasFormats ? [someCacheTag] : [])],
    ownTags(representation, variables) {
      if (isRoot) return asked.map((format) => cacheTag(format(variables)));
      const { type, fields } = readRepresentation(representation);
      const formats = formatsOf(type).map((format) => cacheTag(fillIn(format, { key: fields })));
      const keys = (types.get(type)?.keys ?? []).flatMap((key) => keyTag(type, fields, key) ?? []);
      return [...keys, ...formats];
    },
    answeredTags(representation, entity) {
      if (isRoot || !isJsonObject(entity)) return [];
      const { type, fields } = readRepresentation(representation);
      const others = (types.get(type)?.keys ?? []).filter((key) => !isJsonObject(pick(fields, key)));
      return others.map((key) => keyTag(type, { ...entity, ...fields }, key) ?? someEntityTag(type, key.keys()));
    },
  };
}

export function readRepresentation(text: string): { type: string; fields: Readonly<Record<string, unknown>> } {
  const fields = readJson(text);
  return isJsonObject(fields) ? { type: String(fields['__typename']), fields } : { type: '', fields: {} };
}

/** The types whose data, other than what keys consist of, an answer holds: at its top, and below. */
function heldTypes(
  top: SelectionSetNode,
  root: string | undefined,
  types: SchemaTypes,
  fragments: ReturnType<typeof fragmentsOf>,
): { readonly top: ReadonlySet<string>; readonly inside: ReadonlySet<string> } {
  const tops = new Set<string>(root === undefined ? [] : [root]);
  const inside = new Set<string>();
  const walk = ({ selections }: SelectionSetNode, type: string, isTop: boolean): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const field = types.get(type)?.fields.get(selection.name.value);
        if (!isTop && !isOfKey(type, selection.name.value, types)) inside.add(type);
        if (field !== undefined && selection.selectionSet) walk(selection.selectionSet, field.type, false);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (fragment === undefined) continue;
      const inner = fragment.typeCondition?.name.value ?? type;
      if (isTop) for (const one of types.get(inner)?.related ?? [inner]) tops.add(one);
      walk(fragment.selectionSet, inner, isTop);
    }
  };
  walk(top, root ?? '', true);
  return { top: tops, inside };
}

function isOfKey(type: string, field: string, types: SchemaTypes): boolean {
  return field === '__typename' || types.get(type)?.keys.some((key) => key.has(field)) === true;
}

/** undefined when a field of the key is missing. */
function keyTag(type: string, fields: Readonly<Record<string, unknown>>, key: KeyFields): string | undefined {
  const values = pick(fields, key);
  return isJsonObject(values) ? entityTag(type, values) : undefined;
}

/** undefined when a field is missing. */
function pick(value: unknown, key: KeyFields): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => pick(item, key));
    return items.includes(undefined) ? undefined : items;
  }
  if (!isJsonObject(value)) return undefined;
  const picked: Record<string, unknown> = {};
  for (const [name, inner] of key) {
    if (name === '__typename') continue;
    const own = Object.hasOwn(value, name) ? value[name] : undefined;
    const one = inner === undefined ? own : pick(own, inner);
    if (one === undefined || one === null) return undefined;
    picked[name] = one;
  }
  return picked;
}

type Format = (variables: EntityLookup['variables']) => string;

function rootFormats(
  subgraph: string,
  field: FieldNode,
  operation: OperationDefinitionNode,
  types: SchemaTypes,
): Format[] {
  const known = types.get('Query')?.fields.get(field.name.value);
  return (known?.formats.get(subgraph) ?? []).map((format) => (variables) => {
    const values = { ...defaultsOf(operation), ...variables };
    const args = { ...known?.defaults };
    for (const { name, value } of field.arguments ?? []) {
      const given: unknown = valueFromASTUntyped(value, values);
      if (given !== undefined) args[name.value] = given;
    }
    return fillIn(format, { args });
  });
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  );
}
