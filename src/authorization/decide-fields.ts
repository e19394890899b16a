import { getArgumentValues, getNamedType, GraphQLError, isCompositeType, Kind } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import { isIncluded } from '../core/is-included.ts';
import { isPostponed } from './evaluate.ts';
import type { Decide, Decision, Postponed } from './evaluate.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Denial, RuleNode } from './rule-node.ts';
import type { CompiledRules } from './rule-tree.ts';
import { fieldOf, possibleTypes, typeNamed } from './schema-types.ts';

/** A validated operation and its coerced variables. */
export interface Asked {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Per field node, per object type that may be its parent: why it is denied. */
export type Denials = ReadonlyMap<FieldNode, ReadonlyMap<string, Denial>>;

/** Alike: what can only be decided once the parent was fetched. */
export type Postponements = ReadonlyMap<FieldNode, ReadonlyMap<string, Postponed>>;

/**
 * Asks the rules about every field node, once for each object type its parent may be. Fields below a denied one are
 * not asked about, nor what `@skip` and `@include` leave out. A fragment is walked once, however often it is spread;
 * so a rule sees one field node and no path beyond its response name.
 *
 * Arguments that cannot be coerced leave a rule nothing to decide on: such a field is denied with the reason.
 */
export async function decideFields(
  asked: Asked,
  rules: CompiledRules,
  decide: Decide,
): Promise<{ readonly denials: Denials; readonly postponed: Postponements; readonly touched: boolean }> {
  const { schema, document, operation, variables } = asked;
  const root = typeNamed(schema, schema.getRootType(operation.operation)?.name);
  const fragments = fragmentsOf(document);
  const fragmentsByName = Object.fromEntries(fragments);
  const denials = new Map<FieldNode, Map<string, Denial>>();
  const postponed = new Map<FieldNode, Map<string, Postponed>>();
  const visited = new Set<SelectionSetNode>();
  const variableValues = { ...variables };
  let touched = false;
  let waiting: Promise<unknown>[] = [];

  visit(operation.selectionSet, root.name);
  // A rule that answers later holds back what is below its field, which may wait in turn.
  while (waiting.length > 0) {
    const wave = waiting;
    waiting = [];
    await Promise.all(wave);
  }
  return { denials, postponed, touched };

  function visit(selectionSet: SelectionSetNode, parentName: string): void {
    if (visited.has(selectionSet)) return;
    visited.add(selectionSet);
    for (const selection of selectionSet.selections) {
      if (!isIncluded(selection, variables)) continue;
      switch (selection.kind) {
        case Kind.FIELD:
          visitField(selection, parentName);
          break;
        case Kind.INLINE_FRAGMENT:
          visit(selection.selectionSet, selection.typeCondition?.name.value ?? parentName);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const fragment = fragments.get(selection.name.value);
          if (fragment !== undefined) visit(fragment.selectionSet, fragment.typeCondition.name.value);
          break;
        }
      }
    }
  }

  /** Fields whose names begin with `__` are introspection, which rules never cover. */
  function visitField(node: FieldNode, parentName: string): void {
    if (node.name.value.startsWith('__')) return;
    const parents = possibleTypes(schema, parentName);
    const pending: Promise<void>[] = [];
    for (const parent of parents) {
      const rule = rules.ruleFor(parent.name, node.name.value);
      if (rule === undefined) continue;
      touched = true;
      const denial = decideFor(rule, parent, node);
      if (denial instanceof Promise) pending.push(denial.then((settled) => record(node, parent, settled)));
      else record(node, parent, denial);
    }
    const descend = (): void => {
      if (node.selectionSet === undefined || denials.get(node)?.size === parents.length) return;
      const type = getNamedType(fieldOf(schema, parentName, node).type);
      if (isCompositeType(type)) visit(node.selectionSet, type.name);
    };
    if (pending.length === 0) descend();
    else waiting.push(Promise.all(pending).then(descend));
  }

  function decideFor(rule: RuleNode, parent: GraphQLObjectType, node: FieldNode): MaybePromise<Decision> {
    const field = fieldOf(schema, parent.name, node);
    let args: Record<string, unknown>;
    try {
      args = getArgumentValues(field, node, variables);
    } catch (error) {
      if (error instanceof GraphQLError) return { message: error.message, code: 'FORBIDDEN' };
      throw error;
    }
    const info = {
      fieldName: node.name.value,
      fieldNodes: [node],
      returnType: field.type,
      parentType: parent,
      path: { prev: undefined, key: node.alias?.value ?? node.name.value, typename: parent.name },
      schema,
      fragments: fragmentsByName,
      rootValue: undefined,
      operation,
      variableValues,
    };
    return decide(rule, { isRoot: parent.name === root.name, args, info });
  }

  function record(node: FieldNode, parent: GraphQLObjectType, decision: Decision): void {
    if (decision === undefined) return;
    if (isPostponed(decision)) {
      const byParent = postponed.get(node) ?? new Map<string, Postponed>();
      postponed.set(node, byParent.set(parent.name, decision));
      return;
    }
    const byParent = denials.get(node) ?? new Map<string, Denial>();
    denials.set(node, byParent.set(parent.name, decision));
  }
}
