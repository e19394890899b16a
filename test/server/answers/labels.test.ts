import { expect, it } from 'vitest';
import { startHttpGateway } from '../../support/http-gateway.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@override", "@shareable"])';
const headers = () => ({ 'cache-control': 'public, max-age=600' });

it('what a label of @override has decided is private, and goes with the headers it was decided by', async () => {
  await using gateway = await startHttpGateway(
    {
      old: { sdl: `${link} type Query { a: Int }`, resolvers: { Query: { a: () => 1 } }, headers },
      new: {
        sdl: `${link} type Query { a: Int @override(from: "old", label: "beta") }`,
        resolvers: { Query: { a: () => 2 } },
        headers,
      },
    },
    () => ({
      overrideLabels: (_label, request) => request.headers['x-beta'] === '1',
      cache: { answers: { vary: ['x-beta'] } },
    }),
  );
  for (const age of [null, '0']) {
    for (const [beta, a] of [
      ['0', 1],
      ['1', 2],
    ] as const) {
      const response = await gateway.post({ query: '{ a }' }, { headers: { 'x-beta': beta } });
      expect(await response.json()).toEqual({ data: { a } });
      expect(response.headers.get('age')).toBe(age);
      expect(response.headers.get('cache-control')).toBe('private, max-age=60');
    }
  }
});
