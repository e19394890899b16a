import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { Kind, parse, validate } from 'graphql';
import type { SelectionSetNode } from 'graphql';
import { readFileSync } from 'node:fs';
import type { Ask } from './ask-subgraph.ts';
import { deep } from './deep.ts';

/**
 * No aggregator is written by hand for each operation. The floor of cold ones: parse and validate, let Apollo's planner
 * plan and throw the plan away, then ask what the deep query asks and keep what was wanted.
 */
export function createCold(supergraphFile: string): (ask: Ask, query: string) => Promise<unknown> {
  const supergraph = Supergraph.build(readFileSync(supergraphFile, 'utf8'));
  const schema = supergraph.apiSchema();
  const graphqlJsSchema = schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  return async (ask, query) => {
    const document = parse(query);
    const [error] = validate(graphqlJsSchema, document);
    if (error !== undefined) throw error;
    planner.buildQueryPlan(operationFromDocument(schema, document));
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('expected an operation');
    return pick(await deep(ask), operation.selectionSet);
  };
}

/** Knows fields without aliases and nothing else. */
function pick(value: unknown, selectionSet: SelectionSetNode | undefined): unknown {
  if (selectionSet === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, selectionSet));
  const source = value as Record<string, unknown>;
  const picked: Record<string, unknown> = {};
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD) throw new Error(`expected a field, got ${selection.kind}`);
    picked[selection.name.value] = pick(source[selection.name.value], selection.selectionSet);
  }
  return picked;
}
