import { ConfigurationError } from '../core/errors.ts';
import type { EntityLifetimes } from './lifetimes.ts';
import type { MutationInvalidations } from './mutation-invalidation.ts';
import type { SchemaFacts } from './schema-facts.ts';

/** Settings for what a supergraph does not have would be without effect. Throws ConfigurationError. */
export function checkCacheNames(
  {
    entities,
    invalidate = {},
  }: { readonly entities: EntityLifetimes; readonly invalidate?: MutationInvalidations | undefined },
  { subgraphs, types }: SchemaFacts,
): void {
  const problems: string[] = [];
  const expect = (isThere: boolean, key: string, kind: string, name: string): void => {
    if (!isThere) problems.push(`${key}: no such ${kind} in the supergraph: ${JSON.stringify(name)}`);
  };
  for (const [subgraph, own] of Object.entries(entities.subgraphs ?? {})) {
    const key = `cache.entities.subgraphs.${subgraph}`;
    expect(subgraphs.includes(subgraph), key, 'subgraph', subgraph);
    for (const type of Object.keys(own.types ?? {})) expect(types.has(type), `${key}.types.${type}`, 'type', type);
  }
  for (const [field, invalidations] of Object.entries(invalidate)) {
    const key = `cache.invalidate[${JSON.stringify(field)}]`;
    const [type = '', name = ''] = field.split('.');
    expect(type === 'Mutation' && types.get(type)?.fields.has(name) === true, key, 'field', field);
    for (const one of invalidations) {
      if ('subgraph' in one) expect(subgraphs.includes(one.subgraph), key, 'subgraph', one.subgraph);
      if ('type' in one) expect(types.has(one.type), key, 'type', one.type);
      if (!('key' in one)) continue;
      const fields = Object.keys(one.key);
      const isKey = types
        .get(one.type)
        ?.keys.some((of) => of.size === fields.length && fields.every((name) => of.has(name)));
      expect(isKey === true, key, `key of ${one.type}`, fields.join(' '));
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
}
