import type { GraphiQLProps } from 'graphiql';
import type { Explanation } from '../../../explain/explanation.ts';
import { takeExplanation } from './explain/take-explanation.ts';
import type { GatewayAnswer } from './explain/take-explanation.ts';

/** Called after each operation that was sent; without an explanation where there is none. */
export type OnAnswer = (explanation: Explanation | undefined) => void;

/**
 * Sends operations to `/graphql` of this origin as the holder of `token` ('' for nobody). With `onAnswer` the gateway is
 * asked to explain each but GraphiQL's introspection, and what it says is not part of the answer.
 */
export function createFetcher(token: string, onAnswer?: OnAnswer): GraphiQLProps['fetcher'] {
  return async (operation, options) => {
    const tell = operation.operationName === 'IntrospectionQuery' ? undefined : onAnswer;
    const headers = new Headers({
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
    });
    if (tell !== undefined) headers.set('x-atrium-explain', '1');
    if (token !== '') headers.set('authorization', `Bearer ${token}`);
    // What is written into GraphiQL's header editor is more deliberate than the field above: it wins.
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);

    try {
      const { answer, explanation } = takeExplanation(await send(headers, operation));
      tell?.(explanation);
      return answer;
    } catch (error) {
      tell?.(undefined);
      throw error;
    }
  };
}

async function send(headers: Headers, operation: object): Promise<GatewayAnswer> {
  const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(operation) });
  const contentType = response.headers.get('content-type') ?? 'no content type';
  if (!contentType.includes('json')) {
    throw new Error(`Expected JSON from /graphql, got status ${response.status} with ${contentType}.`);
  }
  return response.json();
}
