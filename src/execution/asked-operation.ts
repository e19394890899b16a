import { Kind } from 'graphql';
import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import { visitSelections } from '../core/visit-selections.ts';
import type { FieldNames } from '../planning/field-names.ts';
import { Selection } from './collect-fields.ts';
import { compileProjection } from './compile-projection.ts';
import type { CompiledProjection } from './compile-projection.ts';
import { getOwn } from './own.ts';

/** What the client asked, with what is worked out once for all requests that ask it. */
export interface AskedOperation {
  /** The API schema. */
  readonly schema: GraphQLSchema;
  /** What is decided about its nodes is looked up by these very nodes: a server may parse one text more than once. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Under which names its fields are fetched. */
  readonly names: FieldNames;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The values of the variables that `@skip` and `@include` depend on; `variables` are coerced. */
  conditionsIn(variables: Readonly<Record<string, unknown>>): string;
  /** Coerced variables: `@skip` and `@include` depend on them. */
  shapeFor(variables: Readonly<Record<string, unknown>>): ResponseShape;
}

/** The client's selection under one choice of `@skip` and `@include`. */
export interface ResponseShape {
  readonly rootType: GraphQLObjectType;
  readonly selection: Selection;
  /** `__schema` or `__type` is asked. */
  readonly introspects: boolean;
  /** undefined for the first request: an operation that is asked once is not worth compiling. */
  compiled(): CompiledProjection | undefined;
}

/** More choices than this of one operation's conditions are worked out anew for every request. */
const MAX_SHAPES = 16;

export function createAskedOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  names: FieldNames,
): AskedOperation {
  const fragments = fragmentsOf(document);
  const conditions = conditionVariables(document);
  const shapes = new Map<string, ResponseShape>();
  const rootType = schema.getRootType(operation.operation);
  if (rootType === undefined || rootType === null) throw new Error(`The schema has no ${operation.operation} type`);
  const conditionsIn = (variables: Readonly<Record<string, unknown>>): string =>
    conditions.map((name) => String(getOwn(variables, name))).join();
  return {
    schema,
    document,
    operation,
    names,
    fragments,
    conditionsIn,
    shapeFor(variables) {
      const key = conditionsIn(variables);
      let shape = shapes.get(key);
      if (shape !== undefined) return shape;
      const selection = new Selection([operation.selectionSet], { schema, fragments, names, variables });
      let isRepeated = false;
      const compiled = once(() => compileProjection(schema, rootType, selection));
      shape = {
        rootType,
        selection,
        introspects: selection.fieldsOf(rootType).some(({ name }) => name === '__schema' || name === '__type'),
        compiled() {
          const result = isRepeated ? compiled() : undefined;
          isRepeated = true;
          return result;
        },
      };
      if (shapes.size < MAX_SHAPES) shapes.set(key, shape);
      return shape;
    },
  };
}

function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visitSelections(document, ({ directives = [] }) => {
    for (const { name, arguments: values = [] } of directives) {
      if (name.value !== 'skip' && name.value !== 'include') continue;
      for (const { value } of values) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    }
  });
  return [...names];
}

function once<Value>(create: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: create() }).value;
}
