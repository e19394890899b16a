import type { RequestSigner } from '../core/sign-request.ts';
import { messageOf } from '../core/errors.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import { fetchText, printableUrl } from './fetch-text.ts';
import type { FetchLimits } from './fetch-text.ts';

/**
 * The SDL a running subgraph publishes (Federation's subgraph specification: `Query._service`). Rejects with an Error
 * that names the subgraph, its address, what was expected and what came.
 */
export async function introspectSubgraph(
  { name, url }: { readonly name: string; readonly url: string },
  { sign, ...limits }: FetchLimits & { readonly sign?: RequestSigner | undefined },
): Promise<string> {
  const failure = (reason: string, cause?: unknown) =>
    new Error(`subgraph ${name} at ${printableUrl(url)} did not tell its schema: ${reason}`, { cause });

  const { pathname, search } = new URL(url);
  const signature = sign?.({ ...introspection, subgraph: name, path: pathname + search, principal: null });
  const request = { ...introspection, headers: { ...introspection.headers, ...signature } };
  const response = await fetchText(url, request, limits).catch((error: unknown) => {
    throw failure(messageOf(error), error);
  });
  const answer = readJson(response.text);
  const data = isJsonObject(answer) ? answer['data'] : undefined;
  const service = isJsonObject(data) ? data['_service'] : undefined;
  const sdl = isJsonObject(service) ? service['sdl'] : undefined;
  if (response.status === 200 && typeof sdl === 'string' && sdl.trim() !== '') return sdl;
  throw failure(
    `expected status 200 with { "data": { "_service": { "sdl": "..." } } }, got status ${response.status} with ${excerpt(response.text)}${response.status === 401 && sign === undefined ? ' (asked without a signature: is ATRIUM_SIGNING_SECRET missing?)' : ''}`,
  );
}

const introspection = {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json;q=0.9' },
  body: JSON.stringify({ query: 'query SubgraphSchema { _service { sdl } }', operationName: 'SubgraphSchema' }),
} as const;

function excerpt(text: string): string {
  if (text === '') return 'an empty body';
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
