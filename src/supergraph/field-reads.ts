import { Kind, parse } from 'graphql';
import type { ConstDirectiveNode, SelectionSetNode } from 'graphql';
import {
  argumentText,
  fieldOf,
  hasDerivedFields,
  namedType,
  parseSelection,
  typesByContext,
  typesWithFields,
} from './private-fields.ts';

/** A field whose value a subgraph is sent to compute another field. */
export interface FieldRead {
  readonly type: string;
  readonly field: string;
  readonly by: '@requires' | '@fromContext';
  /** It belongs to the object that the computed field belongs to. */
  readonly sameObject: boolean;
}

/**
 * What fields of object types are computed from, by `Type.field`. Reads of a field on an interface or union are reads of
 * that field on each object type it may be; hidden types and fields are in it.
 */
export function fieldReads(sdl: string): ReadonlyMap<string, readonly FieldRead[]> {
  const reads = new Map<string, FieldRead[]>();
  if (!hasDerivedFields(sdl)) return reads;
  const document = parse(sdl, { noLocation: true });
  const types = typesWithFields(document);
  const contextTypes = typesByContext(document);
  const objectsOf = possibleObjects(document.definitions);

  const collect = (
    objects: readonly string[],
    { selections }: SelectionSetNode,
    how: Pick<FieldRead, 'by' | 'sameObject'>,
    found: FieldRead[],
  ): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition && objectsOf(selection.typeCondition.name.value);
        const matching = condition === undefined ? objects : objects.filter((type) => condition.includes(type));
        collect(matching, selection.selectionSet, how, found);
        continue;
      }
      for (const type of objects) {
        const definition = fieldOf(types.get(type), selection.name.value);
        if (definition === undefined) continue;
        found.push({ type, field: definition.name.value, ...how });
        if (selection.selectionSet === undefined) continue;
        const inner = objectsOf(namedType(definition.type));
        collect(inner, selection.selectionSet, { ...how, sameObject: false }, found);
      }
    }
  };

  for (const [typeName, { fields = [] }] of types) {
    for (const { name, directives = [] } of fields) {
      for (const directive of directives.filter((applied) => applied.name.value === 'join__field')) {
        const requires = argumentText(directive, 'requires');
        const contexts = contextSelections(directive);
        // An interface has them where it is an object type in some subgraph.
        for (const type of objectsOf(typeName)) {
          const found = reads.get(`${type}.${name.value}`) ?? [];
          if (requires !== undefined) {
            collect([type], parseSelection(requires), { by: '@requires', sameObject: true }, found);
          }
          for (const { context, selection } of contexts) {
            const setOn = (contextTypes.get(context) ?? []).flatMap(objectsOf);
            collect(setOn, parseSelection(selection), { by: '@fromContext', sameObject: false }, found);
          }
          if (found.length > 0) reads.set(`${type}.${name.value}`, found);
        }
      }
    }
  }
  return reads;
}

/** The object types that a value of a type may be. */
function possibleObjects(definitions: ReturnType<typeof parse>['definitions']): (type: string) => readonly string[] {
  const objects = new Map<string, string[]>();
  const add = (type: string, object: string): void => void objects.set(type, [...(objects.get(type) ?? []), object]);
  for (const definition of definitions) {
    if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
      for (const member of definition.types ?? []) add(definition.name.value, member.name.value);
    }
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    add(definition.name.value, definition.name.value);
    for (const implemented of definition.interfaces ?? []) add(implemented.name.value, definition.name.value);
  }
  return (type) => objects.get(type) ?? [];
}

function contextSelections(directive: ConstDirectiveNode): { context: string; selection: string }[] {
  const list = directive.arguments?.find(({ name }) => name.value === 'contextArguments')?.value;
  if (list?.kind !== Kind.LIST) return [];
  return list.values.flatMap((value) => {
    if (value.kind !== Kind.OBJECT) return [];
    const text = (name: string): string => {
      const field = value.fields.find((candidate) => candidate.name.value === name)?.value;
      return field?.kind === Kind.STRING ? field.value : '';
    };
    const [context, selection] = [text('context'), text('selection')];
    return context === '' || selection === '' ? [] : [{ context, selection }];
  });
}
