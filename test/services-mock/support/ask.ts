import { graphql } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { UnsecuredJWT } from 'jose';
import type { SubgraphService } from '../../../services-mock/support/subgraph-service.ts';

/** Executes an operation in process, signed in as the user of the id `as`. */
export async function ask<Context extends object>(
  service: SubgraphService<Context>,
  source: string,
  { as, variables = {} }: { as?: string; variables?: Record<string, unknown> } = {},
): Promise<ExecutionResult> {
  const contextValue = service.createContext(as === undefined ? {} : headersOf(as));
  const { data, errors } = await graphql({ schema: service.schema, source, contextValue, variableValues: variables });
  // Resolvers' objects have no prototype; as JSON they compare like what a client gets.
  const plain = data === undefined ? {} : { data: JSON.parse(JSON.stringify(data)) };
  return { ...plain, ...(errors === undefined ? {} : { errors }) };
}

/** The headers of a client who is signed in; services do not verify, so nothing is signed. */
export function headersOf(userId: string): { authorization: string } {
  return { authorization: `Bearer ${new UnsecuredJWT({ sub: userId }).encode()}` };
}

/** The codes of a result's errors, in order. */
export function codesOf({ errors = [] }: ExecutionResult): unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}

/** Entities as a gateway asks for them. */
export function entities<Context extends object>(
  service: SubgraphService<Context>,
  selection: string,
  representations: readonly Record<string, unknown>[],
): Promise<ExecutionResult> {
  return ask(
    service,
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`,
    {
      variables: { representations },
    },
  );
}
