import { request } from 'undici';

/** What the hand-written aggregator knows of a request: where the subgraphs are and what the client's token is. */
export interface Ask {
  /** Answers `data`, trusting the shape. */
  <Data>(subgraph: string, query: string, variables?: object): Promise<Data>;
}

export function createAsk(urls: ReadonlyMap<string, string>, authorization: string | undefined): Ask {
  return async <Data>(subgraph: string, query: string, variables?: object) => {
    const { body } = await request(urls.get(subgraph) ?? '', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(authorization !== undefined && { authorization }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data } = JSON.parse(await body.text()) as { data: Data };
    return data;
  };
}
