import { expect, it } from 'vitest';
import { startFront } from './start-front.ts';

it('says of every request what became of it, and nothing of what was asked', async () => {
  await using front = await startFront({
    executor: async ({ document }, { record }) => {
      record.calls.push({ subgraph: 'users', startedAt: 0, milliseconds: 2, status: 200, entities: 3 });
      record.cacheHits += 1;
      return document.definitions.length === 1 ? { data: { me: { id: '1' } } } : { data: null };
    },
  });
  const secret = { authorization: 'Bearer s3cret', cookie: 's3cret', 'apollo-require-preflight': '1' };
  await front.post(
    { query: 'query Me($s3cret: String) { me { id } echo(text: $s3cret) }', variables: { s3cret: 's3cret' } },
    secret,
  );
  await front.get(
    `/graphql?query=${encodeURIComponent('query s3cretName { nope_s3cret }')}&variables={"a":"s3cret"}`,
    secret,
  );
  await front.post('{"query":"s3cret', secret);
  await front.post({ query: 's3cret' }, { ...secret, 'content-type': 'text/plain' });
  await front.get('/nope?s3cret', secret);
  await front.get('/graphql?query={me{id}}', { authorization: 'Bearer s3cret' });

  const seen = ({ fields }: (typeof front.log)[number]) =>
    [fields['method'], fields['path'], fields['operation'], fields['type'], fields['status'], fields['codes']].join(
      ' ',
    );
  await front.logged(() => front.log.length === 6);
  expect(front.log.map(seen)).toEqual([
    'POST /graphql Me query 200 ',
    'GET /graphql   400 GRAPHQL_VALIDATION_FAILED',
    'POST /graphql   400 BAD_REQUEST',
    'POST /graphql   415 UNSUPPORTED_MEDIA_TYPE',
    'GET /nope   404 NOT_FOUND',
    'GET /graphql   400 BAD_REQUEST',
  ]);
  expect(front.log[0]?.fields).toMatchObject({
    calls: [{ subgraph: 'users', ms: 2, status: 200, entities: 3 }],
    cacheHits: 1,
  });
  expect(JSON.stringify(front.log)).not.toContain('s3cret');
  expect(new Set(front.log.map(({ level }) => level))).toEqual(new Set(['info']));
});
