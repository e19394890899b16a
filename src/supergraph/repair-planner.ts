import { federationMetadata, Field } from '@apollo/federation-internals';
import type { CompositeType } from '@apollo/federation-internals';

/**
 * Makes chains of `@requires` plan right with `@apollo/query-planner` 2.14.4. The planner moves what a `@requires` needs
 * into the fetch before it when that fetch's subgraph has the fields in its schema; but `@external` fields are there too,
 * and asking for them where they are external brings nothing. See docs/decisions.
 */
export function repairPlanner(): void {
  // eslint-disable-next-line typescript/unbound-method -- it is called with the field it belongs to
  const { typeIfAddedTo } = Field.prototype;
  Field.prototype.typeIfAddedTo = function refuseExternal(parentType: CompositeType) {
    const type = typeIfAddedTo.call(this, parentType);
    if (type === undefined || parentType === this.definition.parent || this.name === '__typename') return type;
    const field = parentType.field(this.name);
    return field !== undefined && federationMetadata(parentType.schema())?.isFieldExternal(field) === true
      ? undefined
      : type;
  };
}
