import { Kind, parse, print, visit } from 'graphql';
import type {
  ConstDirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  FieldNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  SelectionSetNode,
  TypeNode,
  UnionTypeDefinitionNode,
} from 'graphql';

/**
 * Fields with arguments that some `@requires` or `@fromContext` needs. The planner knows required fields by their names alone, so that
 * two requirements with different arguments, or a client that asks for others, get each other's values: it plans with a
 * supergraph in which every required combination of arguments is a field of its own.
 */
export interface PrivateFields {
  /** What a private field stands for: a field with its arguments, such as `price(currency: "EUR")`. By private name. */
  readonly originals: ReadonlyMap<string, FieldNode>;
  /** What a field's `@requires` needs in a subgraph. */
  readonly requiredBy: (subgraph: string, typeName: string, fieldName: string) => Requirement;
}

export interface Requirement {
  /** Fields of the same object, private ones by their private names. */
  readonly own: ReadonlySet<string>;
  /** Private fields at any depth. */
  readonly privates: ReadonlySet<string>;
}

export type FieldsDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

const none: Requirement = { own: new Set(), privates: new Set() };

/** `sdl` is a composed supergraph; it comes back unchanged when it needs no private fields. */
export function addPrivateFields(sdl: string): { readonly sdl: string; readonly privateFields: PrivateFields } {
  const originals = new Map<string, FieldNode>();
  const required = new Map<string, Requirement>();
  const privateFields: PrivateFields = {
    originals,
    requiredBy: (subgraph, typeName, fieldName) => required.get(`${subgraph} ${typeName}.${fieldName}`) ?? none,
  };
  if (!hasDerivedFields(sdl)) return { sdl, privateFields };

  const document = parse(sdl, { noLocation: true });
  const types = typesWithFields(document);
  const prefix = unusedPrefix(sdl);
  const nameOf = new Map<string, string>();
  /** Private names by the type and field they stand beside. */
  const added = new Map<string, Set<string>>();

  const rewrite = (typeName: string, selectionSet: SelectionSetNode, names: Set<string>): SelectionSetNode => ({
    ...selectionSet,
    selections: selectionSet.selections.map((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value ?? typeName;
        return { ...selection, selectionSet: rewrite(condition, selection.selectionSet, names) };
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
      const definition = fieldOf(types.get(typeName), selection.name.value);
      if (definition === undefined) return selection;
      const inner =
        selection.selectionSet === undefined
          ? {}
          : { selectionSet: rewrite(namedType(definition.type), selection.selectionSet, names) };
      if ((definition.arguments ?? []).length === 0) return { ...selection, ...inner };
      const { selectionSet: _, ...original } = selection;
      const key = print(original);
      const name = nameOf.get(key) ?? `${prefix}${nameOf.size}_${selection.name.value}`;
      nameOf.set(key, name);
      originals.set(name, original);
      names.add(name);
      for (const type of relatives(types, typeName)) {
        const place = `${type}.${selection.name.value}`;
        added.set(place, (added.get(place) ?? new Set()).add(name));
      }
      return { kind: Kind.FIELD, name: { kind: Kind.NAME, value: name }, ...inner };
    }),
  });

  const subgraphOf = subgraphNames(document);
  const contextTypes = typesByContext(document);
  const selected = rewriteContexts(document, (context, selection) => {
    const [text, ...others] = new Set(
      (contextTypes.get(context) ?? []).map((type) => print(rewrite(type, parseSelection(selection), new Set()))),
    );
    // Where a field has arguments in some of the context's types only, it keeps its name.
    return text === undefined || others.length > 0 ? selection : oneLine(text);
  });
  const rewritten = rewriteRequires(selected, (typeName, field, graph, requires) => {
    const names = new Set<string>();
    const selectionSet = rewrite(typeName, parseSelection(requires), names);
    const own = selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? one.name.value : []));
    required.set(`${subgraphOf.get(graph)} ${typeName}.${field}`, { own: new Set(own), privates: names });
    if (names.size === 0) return requires;
    return oneLine(print(selectionSet)).slice(1, -1).trim();
  });
  if (originals.size === 0) return { sdl, privateFields };
  for (const [place, names] of added) {
    for (const subgraph of subgraphOf.values()) {
      const inherited = required.get(`${subgraph} ${place}`);
      if (inherited === undefined) continue;
      for (const name of names) required.set(`${subgraph} ${place.split('.')[0]}.${name}`, inherited);
    }
  }
  const extended = visit(rewritten, {
    ObjectTypeDefinition: (type) => withTwins(type, added),
    InterfaceTypeDefinition: (type) => withTwins(type, added),
  });
  return { sdl: print(extended), privateFields };
}

/** False for the definition of `@join__field`, which has both arguments in every supergraph. */
export function hasDerivedFields(sdl: string): boolean {
  return /(?:requires: *"|contextArguments: *\[ *\{)/u.test(sdl);
}

export function typesWithFields(document: DocumentNode): ReadonlyMap<string, FieldsDefinition> {
  return new Map(
    document.definitions
      .filter(
        (definition) =>
          definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION,
      )
      .map((type): [string, FieldsDefinition] => [type.name.value, type]),
  );
}

function withTwins<T extends FieldsDefinition>(type: T, added: ReadonlyMap<string, ReadonlySet<string>>): T {
  const fields = (type.fields ?? []).flatMap((field) => [
    field,
    ...[...(added.get(`${type.name.value}.${field.name.value}`) ?? [])].map((value): FieldDefinitionNode => {
      const { arguments: _, ...definition } = field;
      return { ...definition, name: { kind: Kind.NAME, value } };
    }),
  ]);
  return { ...type, fields };
}

/** The type with those it implements and those that implement it: they need a field together. */
function relatives(types: ReadonlyMap<string, FieldsDefinition>, typeName: string): ReadonlySet<string> {
  const family = new Set([typeName]);
  for (const name of family) {
    for (const { name: interfaceName } of types.get(name)?.interfaces ?? []) family.add(interfaceName.value);
    for (const type of types.values()) {
      if (type.interfaces?.some((implemented) => implemented.name.value === name) === true) family.add(type.name.value);
    }
  }
  return family;
}

function rewriteRequires(
  document: DocumentNode,
  rewrite: (typeName: string, field: string, graph: string, requires: string) => string,
): DocumentNode {
  const inType = (type: FieldsDefinition): FieldsDefinition => ({
    ...type,
    fields: (type.fields ?? []).map((field) => ({
      ...field,
      directives: (field.directives ?? []).map((directive) => {
        const requires = argumentText(directive, 'requires');
        if (directive.name.value !== 'join__field' || requires === undefined) return directive;
        const graph = argumentText(directive, 'graph') ?? '';
        const value = rewrite(type.name.value, field.name.value, graph, requires);
        return {
          ...directive,
          arguments: (directive.arguments ?? []).map((argument) =>
            argument.name.value === 'requires' ? { ...argument, value: { kind: Kind.STRING, value } } : argument,
          ),
        };
      }),
    })),
  });
  return visit(document, { ObjectTypeDefinition: inType, InterfaceTypeDefinition: inType });
}

/** The selections of `join__field(contextArguments:)`. */
function rewriteContexts(
  document: DocumentNode,
  rewrite: (context: string, selection: string) => string,
): DocumentNode {
  return visit(document, {
    Directive: ({ name }) => (name.value === 'join__field' ? undefined : false),
    ObjectValue(node) {
      const [context, selection] = ['context', 'selection'].map(
        (name) => node.fields.find((field) => field.name.value === name)?.value,
      );
      if (context?.kind !== Kind.STRING || selection?.kind !== Kind.STRING) return undefined;
      const value = rewrite(context.value, selection.value);
      const fields = node.fields.map((field) =>
        field.value === selection ? { ...field, value: { ...selection, value } } : field,
      );
      return { ...node, fields };
    },
  });
}

/** The types on which each context is set. */
export function typesByContext(document: DocumentNode): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  const collect = ({ name, directives = [] }: FieldsDefinition | UnionTypeDefinitionNode): false => {
    for (const directive of directives) {
      const context = directive.name.value === 'context' ? argumentText(directive, 'name') : undefined;
      if (context !== undefined) names.set(context, [...(names.get(context) ?? []), name.value]);
    }
    return false;
  };
  visit(document, {
    ObjectTypeDefinition: collect,
    InterfaceTypeDefinition: collect,
    UnionTypeDefinition: collect,
  });
  return names;
}

/** Names of subgraphs by their `join__Graph` values. */
function subgraphNames(document: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  visit(document, {
    EnumValueDefinition({ name, directives = [] }) {
      const graph = directives.find((directive) => directive.name.value === 'join__graph');
      if (graph !== undefined) names.set(name.value, argumentText(graph, 'name') ?? name.value);
    },
  });
  return names;
}

export function argumentText(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined;
}

export function parseSelection(text: string): SelectionSetNode {
  const [definition] = parse(text.trim().startsWith('{') ? text : `{${text}}`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Expected a selection, got ${text}`);
  return definition.selectionSet;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ');
}

/** Not reserved, so that it is valid in a schema, and not in use. */
function unusedPrefix(sdl: string): string {
  let prefix = 'required_';
  while (sdl.includes(prefix)) prefix = `x${prefix}`;
  return prefix;
}

export function fieldOf(type: FieldsDefinition | undefined, name: string): FieldDefinitionNode | undefined {
  return type?.fields?.find((field) => field.name.value === name);
}

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
