import { isLeafType, isListType, isNonNullType } from 'graphql';
import type { GraphQLObjectType, GraphQLOutputType, GraphQLSchema } from 'graphql';
import { isJsonObject } from '../core/json.ts';
import { Selection } from '../execution/collect-fields.ts';
import type { FaultNode } from '../execution/faults.ts';
import { getOwn, setOwn } from '../execution/own.ts';
import { leafValue, runtimeType } from '../execution/result-coercion.ts';
import type { VerdictPlace } from '../execution/project.ts';
import type { FieldNames } from '../planning/field-names.ts';
import type { RuleFragment } from './rule-fragment.ts';

/** A rule cannot be asked: what it reads was not fetched, or does not fit its type. */
export class ParentUnavailable extends Error {}

export interface ParentReader {
  /** The keys of the fetched object that only this rule reads. */
  readonly names: readonly string[];
  /** The parent as the fragment describes it. @throws ParentUnavailable */
  read(place: Pick<VerdictPlace, 'parent' | 'faults' | 'isAbsent'>): object;
}

const readers = new WeakMap<FieldNames, Map<RuleFragment, Map<GraphQLObjectType, ParentReader>>>();

/** Reads objects of a type as a rule's fragment describes them, from names no client can choose. */
export function parentReader(
  fragment: RuleFragment,
  type: GraphQLObjectType,
  schema: GraphQLSchema,
  names: FieldNames,
): ParentReader {
  const byFragment = readers.get(names) ?? new Map<RuleFragment, Map<GraphQLObjectType, ParentReader>>();
  readers.set(names, byFragment);
  const byType = byFragment.get(fragment) ?? new Map<GraphQLObjectType, ParentReader>();
  byFragment.set(fragment, byType);
  const reader = byType.get(type) ?? createParentReader(fragment, type, schema, names);
  byType.set(type, reader);
  return reader;
}

function createParentReader(
  { selectionSet, prefix }: RuleFragment,
  type: GraphQLObjectType,
  schema: GraphQLSchema,
  names: FieldNames,
): ParentReader {
  const root = new Selection([selectionSet], { schema, fragments: new Map(), names, variables: {} });
  const handlers = new Map<Selection, ProxyHandler<object>>();
  return {
    names: root.fieldsOf(type).flatMap(({ name, dataName }) => (name === '__typename' ? [] : [dataName])),
    read: ({ parent, faults, isAbsent }) => readObject(root, type, parent, faults, isAbsent),
  };

  function handlerOf(selection: Selection): ProxyHandler<object> {
    let handler = handlers.get(selection);
    if (handler === undefined) {
      const own = selection.responseNames().filter((name) => name.startsWith(prefix));
      handler = declaredOnly(new Set(own.map((name) => name.slice(prefix.length))));
      handlers.set(selection, handler);
    }
    return handler;
  }

  function readObject(
    selection: Selection,
    objectType: GraphQLObjectType,
    source: Readonly<Record<string, unknown>>,
    faults: FaultNode | undefined,
    isAbsent: VerdictPlace['isAbsent'],
  ): object {
    const object: Record<string, unknown> = {};
    for (const field of selection.fieldsOf(objectType)) {
      if (!field.responseName.startsWith(prefix)) continue;
      const name = field.responseName.slice(prefix.length);
      if (field.type === undefined) {
        setOwn(object, name, objectType.name);
        continue;
      }
      if (faults?.children.has(field.dataName) === true) throw new ParentUnavailable();
      const fetched = getOwn(source, field.dataName);
      const value = fetched === undefined && isAbsent(source) ? null : fetched;
      setOwn(object, name, readValue(field.type, value, field.selection));
    }
    return new Proxy(object, handlerOf(selection));

    function readValue(type: GraphQLOutputType, value: unknown, inside: Selection | undefined): unknown {
      if (isNonNullType(type)) {
        const present = readValue(type.ofType, value, inside);
        if (present === null) throw new ParentUnavailable();
        return present;
      }
      if (value === null) return null;
      if (isListType(type)) {
        if (!Array.isArray(value)) throw new ParentUnavailable();
        return value.map((item: unknown) => readValue(type.ofType, item, inside));
      }
      if (isLeafType(type)) {
        const leaf = leafValue(type, value);
        if (leaf === undefined) throw new ParentUnavailable();
        return leaf;
      }
      const runtime = runtimeType(schema, value, type, inside);
      if (!isJsonObject(value) || runtime === undefined || inside === undefined) throw new ParentUnavailable();
      return readObject(inside, runtime, value, undefined, isAbsent);
    }
  }
}

/** A rule that reads what its fragment names for no type would decide on nothing. */
function declaredOnly(names: ReadonlySet<string>): ProxyHandler<object> {
  const check = (target: object, member: string | symbol): void => {
    if (typeof member !== 'string' || Object.hasOwn(target, member) || names.has(member) || isInherited(member)) return;
    throw new Error(`It reads parent.${member}, which its fragment does not name`);
  };
  return {
    get(target, member) {
      check(target, member);
      return Reflect.get(target, member);
    },
    has(target, member) {
      check(target, member);
      return Reflect.has(target, member);
    },
  };
}

/** `then` and `toJSON` are looked for by the language itself. */
function isInherited(member: string): boolean {
  return member in Object.prototype || member === 'then' || member === 'toJSON';
}
