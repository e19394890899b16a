import { getOperationAST, parse, validate } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { createAskedOperation } from '../../src/execution/asked-operation.ts';
import { coerceVariables } from '../../src/limits/coerce-variables.ts';
import { createOperationCosts } from '../../src/limits/operation-cost.ts';
import type { CostOptions, OperationCost } from '../../src/limits/operation-cost.ts';
import { nameFields } from '../../src/planning/normalise-operation.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';

export interface Costs {
  readonly schema: GraphQLSchema;
  readonly costOf: (query: string | DocumentNode, variables?: Readonly<Record<string, unknown>>) => OperationCost;
}

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@cost", "@listSize"])';

/** The price list of one subgraph, composed; SDL without a schema definition is given a link to Federation 2.9. */
export async function costsOf(sdl: string, options?: CostOptions): Promise<Costs> {
  const text = sdl.startsWith('extend schema') ? sdl : `${link} ${sdl}`;
  const composition = await composeSubgraphs([{ name: 'shop', url: 'http://shop.test', sdl: text }]);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraph = buildSupergraph(composition.supergraphSdl);
  const costOf = createOperationCosts(supergraph, options);
  const schema = supergraph.apiSchema;
  return {
    schema,
    costOf: (query, variables = {}) => {
      const document = typeof query === 'string' ? parse(query) : query;
      const operation = getOperationAST(document);
      const invalid = validate(schema, document);
      if (!operation || invalid.length > 0) throw new Error(`Expected one valid operation: ${invalid.join(' ')}`);
      const { coerced } = coerceVariables(schema, operation, variables, 1);
      if (coerced === undefined) throw new Error('Expected variables that fit');
      const asked = createAskedOperation(schema, document, operation, nameFields(document));
      return costOf({ asked, decided: {}, variables: coerced });
    },
  };
}
