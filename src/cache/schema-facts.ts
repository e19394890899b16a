import { Kind, parse, valueFromASTUntyped } from 'graphql';
import type {
  ConstDirectiveNode,
  DefinitionNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  SelectionSetNode,
  TypeNode,
} from 'graphql';

/** What tags need to know of an object type, interface or union of the supergraph. */
export interface TypeFacts {
  readonly fields: ReadonlyMap<string, FieldFacts>;
  /** Its keys in all subgraphs, each once. */
  readonly keys: readonly KeyFields[];
  /** Itself, the types it may be and those that may be it. */
  readonly related: ReadonlySet<string>;
  /** Of `@cacheTag`, by subgraph. */
  readonly formats: CacheTagFormats;
}

export interface FieldFacts {
  /** Name of the type without its wrappings. */
  readonly type: string;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly formats: CacheTagFormats;
}

export type CacheTagFormats = ReadonlyMap<string, readonly string[]>;

/** Fields of a `@key`, with the fields in them where they are objects. */
export type KeyFields = ReadonlyMap<string, KeyFields | undefined>;

export interface SchemaFacts {
  readonly subgraphs: readonly string[];
  /** By name. */
  readonly types: ReadonlyMap<string, TypeFacts>;
}

/** Reads the text of a supergraph. */
export function schemaFacts(sdl: string): SchemaFacts {
  const { definitions } = parse(sdl, { noLocation: true });
  const subgraphs = new Map<string, string>();
  const related = new Map<string, Set<string>>();
  const relate = (a: string, b: string): void => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const)
      related.set(one, (related.get(one) ?? new Set([one])).add(other));
  };
  for (const definition of definitions) {
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph') {
      for (const { name, directives } of definition.values ?? []) {
        for (const graph of applied(directives, 'join__graph')) subgraphs.set(name.value, String(graph['name']));
      }
    }
    if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
      for (const member of definition.types ?? []) relate(definition.name.value, member.name.value);
    }
    if (isObjectLike(definition)) {
      for (const wider of definition.interfaces ?? []) relate(definition.name.value, wider.name.value);
    }
  }

  const formatsOf = (directives: readonly ConstDirectiveNode[] | undefined): CacheTagFormats => {
    const formats = new Map<string, string[]>();
    for (const { graphs, name, args } of applied(directives, 'join__directive')) {
      const format: unknown = Object(args).format;
      if (!/(?:^|__)cacheTag$/.test(String(name)) || !Array.isArray(graphs) || typeof format !== 'string') continue;
      for (const graph of graphs) {
        const subgraph = subgraphs.get(String(graph)) ?? '';
        formats.set(subgraph, [...(formats.get(subgraph) ?? []), format]);
      }
    }
    return formats;
  };

  const types = new Map(
    definitions.filter(isObjectLike).map(({ name, fields = [], directives }): [string, TypeFacts] => {
      const keys = new Set(
        applied(directives, 'join__type').flatMap(({ key }) => (typeof key === 'string' ? key : [])),
      );
      return [
        name.value,
        {
          fields: new Map(
            fields.map((field): [string, FieldFacts] => {
              const defaults = (field.arguments ?? []).flatMap(({ name: argument, defaultValue }) =>
                defaultValue === undefined ? [] : [[argument.value, valueFromASTUntyped(defaultValue)] as const],
              );
              const facts = { defaults: Object.fromEntries(defaults), formats: formatsOf(field.directives) };
              return [field.name.value, { type: nameOf(field.type), ...facts }];
            }),
          ),
          keys: [...keys].map(keyFields),
          related: related.get(name.value) ?? new Set([name.value]),
          formats: formatsOf(directives),
        },
      ];
    }),
  );
  return { subgraphs: [...subgraphs.values()], types };
}

function isObjectLike(
  definition: DefinitionNode,
): definition is ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION;
}

function applied(
  directives: readonly ConstDirectiveNode[] | undefined,
  name: string,
): Readonly<Record<string, unknown>>[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .map((directive) =>
      Object.fromEntries((directive.arguments ?? []).map((one) => [one.name.value, valueFromASTUntyped(one.value)])),
    );
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

function keyFields(key: string): KeyFields {
  const [definition] = parse(`{${key}}`, { noLocation: true }).definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? fieldsOf(definition.selectionSet) : new Map();
}

function fieldsOf({ selections }: SelectionSetNode): KeyFields {
  return new Map(
    selections.flatMap((selection): [string, KeyFields | undefined][] => {
      if (selection.kind === Kind.FIELD)
        return [[selection.name.value, selection.selectionSet && fieldsOf(selection.selectionSet)]];
      return selection.kind === Kind.INLINE_FRAGMENT ? [...fieldsOf(selection.selectionSet)] : [];
    }),
  );
}
