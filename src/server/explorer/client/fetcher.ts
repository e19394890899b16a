import type { GraphiQLProps } from 'graphiql';

/** Sends operations to `/graphql` of this origin as the holder of `token` ('' for nobody). */
export function createFetcher(token: string): GraphiQLProps['fetcher'] {
  return async (operation, options) => {
    const headers = new Headers({
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
    });
    if (token !== '') headers.set('authorization', `Bearer ${token}`);
    // What is written into GraphiQL's header editor is more deliberate than the field above: it wins.
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);

    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(operation) });
    const contentType = response.headers.get('content-type') ?? 'no content type';
    if (!contentType.includes('json')) {
      throw new Error(`Expected JSON from /graphql, got status ${response.status} with ${contentType}.`);
    }
    return response.json();
  };
}
