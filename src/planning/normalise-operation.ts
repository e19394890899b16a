import { getOperationAST, Kind, OperationTypeNode, print, visit } from 'graphql';
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import { reservedPrefix } from '../core/reserved-names.ts';
import type { FieldNames } from './field-names.ts';

/**
 * Names for the fields of a document, whatever its aliases: a field's own name, and for further uses of it with other
 * arguments one that no client can choose. The same leaf with the same arguments has one name. An object has one for each
 * of its response names, because a null that propagates from below belongs to one of them, and so has a root field of a
 * mutation, which is executed once for each.
 */
export function nameFields(document: DocumentNode): FieldNames {
  const effects = mutationFields(document);
  const keyOf = (field: FieldNode): string => {
    const isApart = field.selectionSet !== undefined || effects.has(field.name.value);
    const own = isApart ? responseName(field) : '';
    return `${own} ${field.name.value}(${(field.arguments ?? []).map(print).join()})`;
  };
  const variants = new Map<string, string[]>();
  visit(document, {
    Field(field) {
      const keys = variants.get(field.name.value) ?? [];
      variants.set(field.name.value, keys);
      const key = keyOf(field);
      if (keys.includes(key)) return;
      // Keys and `@requires` know fields without arguments by their own names.
      const place = key.endsWith('()') ? keys.findIndex((other) => !other.endsWith('()')) : -1;
      keys.splice(place === -1 ? keys.length : place, 0, key);
    },
  });
  const names = new Map<string, string>();
  for (const [name, keys] of variants) {
    for (const [index, key] of keys.entries()) {
      names.set(key, index === 0 || name === '__typename' ? name : `${reservedPrefix}${index}_${name}`);
    }
  }
  return {
    of(field) {
      const name = field.name.value === '__typename' ? '__typename' : names.get(keyOf(field));
      if (name === undefined) throw new Error(`The document that was named has no field ${print(field)}`);
      return name;
    },
  };
}

/**
 * The operation with the fragments it uses, without its name and under the names given instead of its aliases. The
 * document may be the one that was named or what authorization left of it.
 */
export function normaliseOperation(
  document: DocumentNode,
  operationName: string | undefined,
  names: FieldNames,
): DocumentNode {
  const named = getOperationAST(document, operationName);
  if (named === null || named === undefined) throw new Error('Expected an operation that the document has');
  const { name: _, ...operation } = named;
  const used = fragmentsUsed(operation.selectionSet, fragmentsOf(document));
  return visit<DocumentNode>(
    { kind: Kind.DOCUMENT, definitions: [operation, ...used] },
    {
      Field(aliased) {
        const { alias: _, ...field } = aliased;
        const value = names.of(aliased);
        return value === field.name.value ? field : { ...field, alias: { kind: Kind.NAME, value } };
      },
    },
  );
}

function mutationFields(document: DocumentNode): ReadonlySet<string> {
  const fragments = fragmentsOf(document);
  const names = new Set<string>();
  const seen = new Set<SelectionSetNode>();
  const collect = (selectionSet: SelectionSetNode): void => {
    if (seen.has(selectionSet)) return;
    seen.add(selectionSet);
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (fragment !== undefined && fragment.kind !== Kind.FIELD) collect(fragment.selectionSet);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.MUTATION) {
      collect(definition.selectionSet);
    }
  }
  return names;
}

function fragmentsUsed(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  used = new Set<FragmentDefinitionNode>(),
): ReadonlySet<FragmentDefinitionNode> {
  visit(selectionSet, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value);
      if (fragment === undefined || used.has(fragment)) return;
      used.add(fragment);
      fragmentsUsed(fragment.selectionSet, fragments, used);
    },
  });
  return used;
}

function responseName({ alias, name }: FieldNode): string {
  return alias?.value ?? name.value;
}
