import { Kind } from 'graphql';
import type {
  ArgumentNode,
  DirectiveNode,
  DocumentNode,
  FragmentDefinitionNode,
  SelectionSetNode,
  TypeNode,
  ValueNode,
} from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';

/** Counts over all operations of a document together, fragments expanded. */
export interface DocumentSize {
  /** Fields, inline fragments and spreads. */
  readonly selections: number;
  readonly rootFields: number;
  readonly aliases: number;
  readonly directives: number;
  /**
   * The deepest nesting of selection sets (a fragment's is a level below the one it is spread in), of lists and objects
   * in a literal, or of lists in a type; Infinity when it is beyond `maxDepth`.
   */
  readonly depth: number;
}

type Size = { -readonly [Key in keyof DocumentSize]: DocumentSize[Key] };

/**
 * Walks every definition once and goes no deeper than `maxDepth`. The document need not be valid: a spread of an unknown
 * fragment, or of one within itself, counts as one selection; a fragment no operation reaches counts like an operation,
 * since it is validated like one.
 */
export function measureDocument(document: DocumentNode, maxDepth: number): DocumentSize {
  const fragments = fragmentsOf(document);
  const known = new Map<FragmentDefinitionNode, DocumentSize>();

  const total = nothing();
  /** Of literals and types, wherever they stand. */
  let depth = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { type, defaultValue, directives } of definition.variableDefinitions ?? []) {
      depth = Math.max(depth, depthOfType(type));
      if (defaultValue !== undefined) depth = Math.max(depth, depthOfValue(defaultValue, maxDepth));
      addDirectives(total, directives);
    }
    addDirectives(total, definition.directives);
    add(total, sizeOfSet(definition.selectionSet, 1));
  }
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION && !known.has(definition))
      add(total, sizeOfFragment(definition, 1));
  }
  depth = Math.max(depth, total.depth);
  return { ...total, depth: depth > maxDepth ? Infinity : depth };

  /** `rootFields` are the set's own, through fragments. */
  function sizeOfSet(set: SelectionSetNode, level: number): DocumentSize {
    const size = nothing();
    if (level > maxDepth) return { ...size, depth: Infinity };
    size.depth = 1;
    for (const selection of set.selections) {
      size.selections++;
      addDirectives(size, selection.directives);
      if (selection.kind === Kind.FIELD) {
        size.rootFields++;
        if (selection.alias !== undefined) size.aliases++;
        measureLiterals(selection.arguments);
        if (selection.selectionSet === undefined) continue;
        const inner = sizeOfSet(selection.selectionSet, level + 1);
        add(size, { ...inner, rootFields: 0, depth: inner.depth + 1 });
      } else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : undefined;
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? sizeOfSet(selection.selectionSet, level + 1)
            : fragment && sizeOfFragment(fragment, level + 1);
        if (inner !== undefined) add(size, { ...inner, depth: inner.depth + 1 });
      }
    }
    return size;
  }

  function sizeOfFragment(fragment: FragmentDefinitionNode, level: number): DocumentSize {
    const before = known.get(fragment);
    if (before !== undefined) return before;
    known.set(fragment, nothing());
    const size = { ...sizeOfSet(fragment.selectionSet, level) };
    addDirectives(size, fragment.directives);
    known.set(fragment, size);
    return size;
  }

  function addDirectives(size: Size, directives: readonly DirectiveNode[] | undefined): void {
    if (directives === undefined) return;
    size.directives += directives.length;
    for (const directive of directives) measureLiterals(directive.arguments);
  }

  function measureLiterals(parameters: readonly ArgumentNode[] | undefined): void {
    if (parameters === undefined) return;
    for (const { value } of parameters) depth = Math.max(depth, depthOfValue(value, maxDepth));
  }
}

function nothing(): Size {
  return { selections: 0, rootFields: 0, aliases: 0, directives: 0, depth: 0 };
}

function add(size: Size, more: DocumentSize): void {
  size.selections += more.selections;
  size.rootFields += more.rootFields;
  size.aliases += more.aliases;
  size.directives += more.directives;
  size.depth = Math.max(size.depth, more.depth);
}

/** Infinity beyond `levels`. */
function depthOfValue(value: ValueNode, levels: number): number {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) return 0;
  if (levels === 0) return Infinity;
  let depth = 0;
  if (value.kind === Kind.LIST) {
    for (const item of value.values) depth = Math.max(depth, depthOfValue(item, levels - 1));
  } else {
    for (const field of value.fields) depth = Math.max(depth, depthOfValue(field.value, levels - 1));
  }
  return depth + 1;
}

function depthOfType(type: TypeNode): number {
  let depth = 0;
  for (let inner = type; inner.kind !== Kind.NAMED_TYPE; inner = inner.type) {
    if (inner.kind === Kind.LIST_TYPE) depth++;
  }
  return depth;
}
