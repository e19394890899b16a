import { Kind, parse, print, validate, visit } from 'graphql';
import type { ASTNode, DocumentNode, GraphQLSchema } from 'graphql';
import type { Case, Question } from './case.ts';
import { mergedSchema } from './monolith-of.ts';
import { fieldsOf, Lookup, namedType } from './world.ts';
import type { FieldModel, TypeModel, World } from './world.ts';

/** Cases with less in them, bold steps first. Worlds that do not compose are for the caller to find out. */
export function* smallerCases({ world, questions }: Case): IterableIterator<Case> {
  const [question] = questions;
  if (questions.length !== 1 || question === undefined) {
    for (const one of questions) yield { world, questions: [one] };
    return;
  }
  for (const smaller of smallerQuestions(world, question)) yield { world, questions: [smaller] };
  const size = JSON.stringify(world).length;
  for (const smaller of smallerWorlds(world, question.operation.query)) {
    // Strictly smaller, or shrinking would never end.
    if (JSON.stringify(smaller).length < size && isAskable(smaller, question)) yield { world: smaller, questions };
  }
}

function isAskable(world: World, { operation: { query } }: Question): boolean {
  try {
    const lookup = new Lookup(world);
    const owned = world.types.every((type) =>
      fieldsOf(type).every((field) => lookup.owners(type.name, field).every((owner) => lookup.has(owner, type.name))),
    );
    if (!owned) return false;
    const schema = mergedSchema(lookup);
    const hasRoot = !query.startsWith('mutation') || (schema.getMutationType() ?? undefined) !== undefined;
    return hasRoot && validate(schema, parse(query)).length === 0;
  } catch {
    return false;
  }
}

function* smallerQuestions(world: World, question: Question): IterableIterator<Question> {
  for (const fault of question.faults) {
    yield { ...question, faults: question.faults.filter((other) => other !== fault) };
  }
  const schema = mergedSchema(new Lookup(world));
  for (const query of smallerQueries(schema, parse(question.operation.query, { noLocation: true }))) {
    yield { ...question, operation: { ...question.operation, query } };
  }
  for (const name of Object.keys(question.operation.variables)) {
    const { [name]: _, ...variables } = question.operation.variables;
    if (new RegExp(`\\$${name}: [^=,)]*!`, 'u').test(question.operation.query)) continue;
    yield { ...question, operation: { ...question.operation, variables } };
  }
}

/** Without one selection, argument, directive or alias, or with a fragment's content in its place. */
function* smallerQueries(schema: GraphQLSchema, document: DocumentNode): IterableIterator<string> {
  const seen = new Set([print(document)]);
  const edits: ((node: ASTNode) => unknown)[] = [
    (node) => (isSelection(node) ? null : undefined),
    (node) => (node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet.selections : undefined),
    (node) => (node.kind === Kind.FRAGMENT_SPREAD ? fragmentContent(document, node.name.value) : undefined),
    (node) => (node.kind === Kind.DIRECTIVE || node.kind === Kind.ARGUMENT ? null : undefined),
    (node) => (node.kind === Kind.OBJECT_FIELD ? null : undefined),
    (node) => (node.kind === Kind.FIELD && node.alias !== undefined ? { ...node, alias: undefined } : undefined),
  ];
  for (const edit of edits) {
    for (let index = 0; ; index += 1) {
      const changed = editAt(document, edit, index);
      if (changed === undefined) break;
      const text = withoutUnused(changed);
      if (text === undefined || seen.has(text)) continue;
      seen.add(text);
      if (validate(schema, parse(text)).length === 0) yield text;
    }
  }
}

function isSelection(node: ASTNode): boolean {
  return node.kind === Kind.FIELD || node.kind === Kind.INLINE_FRAGMENT || node.kind === Kind.FRAGMENT_SPREAD;
}

function fragmentContent(document: DocumentNode, name: string): ASTNode | undefined {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION || definition.name.value !== name) continue;
    const { typeCondition, selectionSet } = definition;
    return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet };
  }
  return undefined;
}

/** Applies an edit to the `index`-th node it concerns; undefined when there are fewer. */
function editAt(document: DocumentNode, edit: (node: ASTNode) => unknown, index: number): DocumentNode | undefined {
  let met = 0;
  let found = false;
  const changed: DocumentNode = visit(document, {
    enter(node) {
      if (found) return undefined;
      const replacement = edit(node);
      if (replacement === undefined) return undefined;
      met += 1;
      if (met - 1 !== index) return undefined;
      found = true;
      return Array.isArray(replacement)
        ? { kind: Kind.INLINE_FRAGMENT, selectionSet: { kind: Kind.SELECTION_SET, selections: replacement } }
        : replacement;
    },
  });
  return found ? changed : undefined;
}

/** Prints what is left: no empty selection sets, no unused fragments and variables, no fragments without a condition. */
function withoutUnused(document: DocumentNode): string | undefined {
  let current = document;
  for (let text = ''; text !== print(current);) {
    text = print(current);
    const used = new Set<string>();
    visit(current, {
      FragmentSpread: (node) => void used.add(`...${node.name.value}`),
      OperationDefinition: (node) =>
        void visit(node.selectionSet, { Variable: (variable) => void used.add(`$${variable.name.value}`) }),
      FragmentDefinition: (node) =>
        void visit(node.selectionSet, { Variable: (variable) => void used.add(`$${variable.name.value}`) }),
    });
    current = visit(current, {
      VariableDefinition: (node) => (used.has(`$${node.variable.name.value}`) ? undefined : null),
      FragmentDefinition: {
        leave: (node) =>
          used.has(`...${node.name.value}`) && node.selectionSet.selections.length > 0 ? undefined : null,
      },
      InlineFragment: { leave: (node) => (node.selectionSet.selections.length === 0 ? null : undefined) },
      Field: {
        leave: (node) =>
          node.selectionSet !== undefined && node.selectionSet.selections.length === 0 ? null : undefined,
      },
      SelectionSet: {
        leave: (node) => ({
          ...node,
          selections: node.selections.flatMap((one) =>
            one.kind === Kind.INLINE_FRAGMENT && one.typeCondition === undefined && (one.directives ?? []).length === 0
              ? one.selectionSet.selections
              : [one],
          ),
        }),
      },
    });
  }
  const [operation] = current.definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION && operation.selectionSet.selections.length > 0
    ? print(current)
    : undefined;
}

function* smallerWorlds(world: World, query: string): IterableIterator<World> {
  yield onlyNamed(world, query);
  for (const type of world.types) yield withoutType(world, type.name);
  for (const subgraph of world.subgraphs) yield withoutSubgraph(world, subgraph);
  yield* withFewerFields(world);
  for (const type of world.types) {
    for (const smaller of smallerTypes(type)) {
      yield { ...world, types: world.types.map((other) => (other === type ? smaller : other)) };
    }
  }
  yield* withSimplerFields(world);
}

/** Without the fields that neither the query nor any directive names. */
function onlyNamed(world: World, query: string): World {
  const text = [
    query,
    JSON.stringify(
      world.types.map((type) =>
        fieldsOf(type).map(({ requires, provides, fromContext }) => [requires, provides, fromContext]),
      ),
    ),
  ].join(' ');
  const isNamed = ({ name, owners }: FieldModel): boolean =>
    owners === 'keys' || new RegExp(`\\b${name}\\b`, 'u').test(text) || name === 'code' || name === 'kind';
  return mapFields(world, (fields) => fields.filter(isNamed));
}

function mapFields(
  world: World,
  change: (fields: readonly FieldModel[], owner: string) => readonly FieldModel[],
): World {
  const types = world.types.map((type): TypeModel => {
    if (type.kind === 'union') return type;
    if (type.kind === 'interface') return { ...type, objectFields: change(type.objectFields, type.name) };
    return { ...type, fields: change(type.fields, type.name) };
  });
  const names = new Set(types.flatMap((type) => fieldsOf(type).map(({ name }) => name)));
  return {
    ...world,
    types: types.map((type) =>
      type.kind === 'interface' ? { ...type, common: type.common.filter((name) => names.has(name)) } : type,
    ),
    query: change(world.query, 'Query'),
    mutation: change(world.mutation, 'Mutation'),
  };
}

function withoutType(world: World, name: string): World {
  const types = world.types
    .filter((type) => type.name !== name)
    .map((type) =>
      type.kind === 'union' || type.kind === 'interface'
        ? { ...type, members: type.members.filter((member) => member !== name) }
        : type,
    )
    .filter((type) => !('members' in type) || type.members.length > 0);
  return mapFields({ ...world, types }, (fields) => fields.filter((field) => namedType(field.type) !== name));
}

function withoutSubgraph(world: World, subgraph: string): World {
  const others = (names: readonly string[]): string[] => names.filter((name) => name !== subgraph);
  const types = world.types.map((type): TypeModel => {
    switch (type.kind) {
      case 'entity': {
        const { [subgraph]: _, ...keys } = type.keys;
        const { [subgraph]: __, ...unknown } = type.unknown;
        return { ...type, keys, unknown };
      }
      case 'interface':
        return { ...type, in: others(type.in), objectIn: others(type.objectIn) };
      case 'value':
      case 'union':
        return { ...type, in: others(type.in) };
    }
  });
  const left: World = { ...world, subgraphs: others(world.subgraphs), types };
  return mapFields(left, (fields) =>
    fields
      .map((field) => (Array.isArray(field.owners) ? { ...field, owners: others(field.owners) } : field))
      .filter(
        ({ owners, overrides, provides }) => owners.length > 0 && overrides !== subgraph && provides?.in !== subgraph,
      ),
  );
}

function* withFewerFields(world: World): IterableIterator<World> {
  const owners = [...world.types.map(({ name }) => name), 'Query', 'Mutation'];
  for (const owner of owners) {
    const count = ownFields(world, owner).length;
    for (let index = 0; index < count; index += 1) {
      yield mapFields(world, (fields, of) => (of === owner ? fields.filter((_, at) => at !== index) : fields));
    }
  }
  for (const type of world.types) {
    if (type.kind !== 'interface') continue;
    for (const name of type.common) {
      yield mapFields(world, (fields, of) =>
        type.members.includes(of) ? fields.filter((field) => field.name !== name) : fields,
      );
    }
  }
}

function ownFields(world: World, owner: string): readonly FieldModel[] {
  if (owner === 'Query') return world.query;
  if (owner === 'Mutation') return world.mutation;
  return world.types.filter(({ name }) => name === owner).flatMap(fieldsOf);
}

function* smallerTypes(type: TypeModel): IterableIterator<TypeModel> {
  switch (type.kind) {
    case 'entity':
      for (const [subgraph, keys] of Object.entries(type.keys)) {
        const { [subgraph]: _, ...others } = type.keys;
        yield { ...type, keys: others };
        for (const key of keys) {
          if (keys.length > 1)
            yield { ...type, keys: { ...type.keys, [subgraph]: keys.filter((other) => other !== key) } };
        }
      }
      if (Object.keys(type.unknown).length > 0) yield { ...type, unknown: {} };
      return;
    case 'interface':
      for (const member of type.members) yield { ...type, members: type.members.filter((one) => one !== member) };
      for (const name of type.common) yield { ...type, common: type.common.filter((one) => one !== name) };
      for (const subgraph of type.objectIn)
        yield { ...type, objectIn: type.objectIn.filter((one) => one !== subgraph) };
      for (const subgraph of type.in) yield { ...type, in: type.in.filter((one) => one !== subgraph) };
      return;
    case 'union':
      for (const member of type.members) yield { ...type, members: type.members.filter((one) => one !== member) };
      for (const subgraph of type.in) yield { ...type, in: type.in.filter((one) => one !== subgraph) };
      return;
    case 'value':
      for (const subgraph of type.in) yield { ...type, in: type.in.filter((one) => one !== subgraph) };
  }
}

function* withSimplerFields(world: World): IterableIterator<World> {
  for (const owner of [...world.types.map(({ name }) => name), 'Query', 'Mutation']) {
    for (const [index, field] of ownFields(world, owner).entries()) {
      for (const simpler of simplerFields(field)) {
        yield mapFields(world, (fields, of) => (of === owner ? fields.with(index, simpler) : fields));
      }
    }
  }
}

function* simplerFields(field: FieldModel): IterableIterator<FieldModel> {
  const { tight, overrides, provides, requires, ...plain } = field;
  const { fromContext, ...untold } = field;
  if (fromContext !== undefined) yield untold;
  if (tight !== undefined || overrides !== undefined || provides !== undefined) {
    yield { ...plain, ...(requires === undefined ? {} : { requires }) };
  }
  if (field.args.length > 0) yield { ...field, args: [] };
  for (const arg of field.args) {
    if (field.args.length > 1) yield { ...field, args: field.args.filter((other) => other !== arg) };
    if (arg.default !== undefined) {
      yield { ...field, args: field.args.map((other) => (other === arg ? { name: arg.name, type: arg.type } : other)) };
    }
  }
  const { owners } = field;
  if (Array.isArray(owners) && owners.length > 1) for (const owner of owners) yield { ...field, owners: [owner] };
  const name = namedType(field.type);
  if (field.owners !== 'keys' && field.tight === undefined && field.type !== name && field.type !== `${name}!`) {
    yield { ...field, type: name };
    if (field.type !== `[${name}]`) yield { ...field, type: `[${name}]` };
  }
  for (const word of requires?.includes('{') === true ? [] : (requires?.match(/\w+(?:\([^)]*\))?/gu) ?? [])) {
    const less = requires?.replace(word, '').trim();
    if (less !== undefined && less !== '') yield { ...field, requires: less };
  }
}
