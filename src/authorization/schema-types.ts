import { isAbstractType, isCompositeType, isUnionType } from 'graphql';
import type { FieldNode, GraphQLCompositeType, GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { RequestError } from '../core/errors.ts';

/** @throws RequestError GRAPHQL_VALIDATION_FAILED for a name validation would have refused */
export function typeNamed(schema: GraphQLSchema, name: string | undefined): GraphQLCompositeType {
  const type = name === undefined ? undefined : schema.getType(name);
  if (!isCompositeType(type)) {
    throw new RequestError('GRAPHQL_VALIDATION_FAILED', `Nothing can be selected on type "${name ?? 'undefined'}".`);
  }
  return type;
}

/** The object types a value of a composite type can have. */
export function possibleTypes(schema: GraphQLSchema, name: string): readonly GraphQLObjectType[] {
  const type = typeNamed(schema, name);
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
}

/** @throws RequestError GRAPHQL_VALIDATION_FAILED for a field validation would have refused */
export function fieldOf(schema: GraphQLSchema, parentName: string, node: FieldNode): GraphQLField<unknown, unknown> {
  const parent = typeNamed(schema, parentName);
  const field = isUnionType(parent) ? undefined : parent.getFields()[node.name.value];
  if (field === undefined) {
    throw new RequestError(
      'GRAPHQL_VALIDATION_FAILED',
      `Cannot query field "${node.name.value}" on type "${parentName}".`,
    );
  }
  return field;
}
