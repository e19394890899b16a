import { print, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import { reservedPrefix } from '../core/reserved-names.ts';
import type { PrivateFields } from '../supergraph/private-fields.ts';
import type { FieldNames } from './field-names.ts';

/** Puts into texts of a plan the names people know: for private fields what they stand for, for reserved names the document's. */
export function realNames(
  document: DocumentNode,
  names: FieldNames,
  { originals }: PrivateFields,
): (text: string) => string {
  const aliases = new Map<string, string>();
  visit(document, {
    Field(field) {
      const name = names.of(field);
      if (name.startsWith(reservedPrefix)) aliases.set(name, (field.alias ?? field.name).value);
    },
  });
  return (text) =>
    text.replaceAll(/\b(\w+)(: ?)?/gu, (_, name: string, colon = '') => {
      const original = originals.get(name);
      if (original !== undefined) return colon === '' ? print(original) : '';
      return `${aliases.get(name) ?? name}${colon}`;
    });
}
