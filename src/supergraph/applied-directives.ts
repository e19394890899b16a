import { NamedSchemaElement } from '@apollo/federation-internals';
import type { Schema } from '@apollo/federation-internals';

/** A directive where it stands in the supergraph. */
export interface AppliedDirective {
  /** Such as `Type`, `Type.field`, `Type.field(argument:)` or `@directive(argument:)`. */
  readonly coordinate: string;
  /** By argument, defaults included. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Where a directive of a specification is applied, found by the specification's address, whatever it is called here.
 * undefined when the specification is linked and the directive is not defined.
 */
export function appliedDirectives(
  schema: Schema,
  specification: string,
  directive: string,
): readonly AppliedDirective[] | undefined {
  const linked = schema.coreFeatures?.getByIdentity(`https://specs.apollo.dev/${specification}`);
  if (linked === undefined) return [];
  const applications = schema.directive(linked.directiveNameInSchema(directive))?.applications();
  return (
    applications &&
    [...applications].flatMap((application) => {
      const { parent } = application;
      if (!(parent instanceof NamedSchemaElement)) return [];
      return { coordinate: parent.coordinate, values: application.arguments(true) };
    })
  );
}
