import type { ApolloServerPlugin } from '@apollo/server';
import { expect, it } from 'vitest';
import type { AtriumUserConfig } from '../../../src/config/config.ts';
import type { RequestContext } from '../../../src/core/request-context.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';

const day = { limit: 100, windowSeconds: 86_400 };
const partner = ({ headers }: RequestContext) => headers['x-partner'] ?? null;
let cookies = 0;
const setsCookie: ApolloServerPlugin = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response }) => void response.http.headers.set('set-cookie', `id=${(cookies += 1)}`),
  }),
};

type Init = { headers: Record<string, string> };
const none: Init = { headers: {} };
const own: [name: string, config: Partial<AtriumUserConfig>, first: Init, second: Init][] = [
  [
    'an operation that a limit counts',
    { rateLimit: { rules: [{ name: 'all', key: 'global', scope: 'operation', ...day }] } },
    none,
    none,
  ],
  [
    'a field that a limit counts',
    { rateLimit: { rules: [{ name: 'all', key: 'global', scope: 'Query.a', ...day }] } },
    none,
    none,
  ],
  [
    'an operation that a limit counts for others',
    { rateLimit: { rules: [{ name: 'partners', key: partner, scope: 'operation', ...day }] } },
    none,
    { headers: { 'x-partner': '1' } },
  ],
  [
    'an operation that a limit in shadow counts',
    { rateLimit: { rules: [{ name: 'all', key: 'global', scope: 'operation', shadow: true, ...day }] } },
    none,
    none,
  ],
  [
    'an answer that shows what it cost',
    { limits: { showCost: true } },
    { headers: { 'x-atrium-cost': '1' } },
    { headers: { 'x-atrium-cost': '1' } },
  ],
  ['an answer with a cookie', { plugins: [setsCookie] }, none, none],
  ['an answer that varies by baggage', {}, { headers: { baggage: 'vary=1' } }, { headers: { baggage: 'vary=2' } }],
];

for (const [name, config, first, second] of own) {
  it(`${name} is neither shared with who asks meanwhile nor known afterwards`, async () => {
    let gate = Promise.withResolvers<void>();
    await using gateway = await startHttpGateway(
      {
        a: {
          sdl: 'type Query { a: Int }',
          resolvers: {
            Query: {
              async a() {
                await gate.promise;
                return 1;
              },
            },
          },
          headers: ({ headers: { baggage } }) => ({
            'cache-control': 'public, max-age=600',
            ...(String(baggage).startsWith('vary') && { vary: 'Baggage' }),
          }),
        },
      },
      () => ({ cache: { answers: {} }, ...config }),
    );
    const query = '{ a }';
    const responses = [gateway.post({ query }, first)];
    await gateway.called(1);
    responses.push(gateway.post({ query }, second));
    // It has a deadline of its own, and so waits for nobody.
    const alone = { headers: { ...second.headers, 'x-request-timeout-ms': '20000' } };
    responses.push(gateway.post({ query }, alone));
    await gateway.called(2);
    // Their bodies had come before this one, and are read by the time it is answered.
    await gateway.post({ query: '{ __typename }' });
    gate.resolve();
    const answers = await Promise.all(responses);
    expect(gateway.calls).toHaveLength(3);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ headers }) => headers.get('age'))).toEqual([null, null, null]);
    const given = answers.flatMap(({ headers }) => headers.get('set-cookie') ?? []);
    expect(new Set(given).size).toBe(given.length);
    gate = Promise.withResolvers();
    gate.resolve();
    for (const init of [first, second]) await gateway.post({ query }, init);
    expect(gateway.calls).toHaveLength(5);
    expect(gateway.log.filter(({ fields }) => fields['source'] !== undefined)).toEqual([]);
  });
}
