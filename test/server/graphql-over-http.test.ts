import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFront } from './start-front.ts';
import type { TestFront } from './start-front.ts';

const json = 'application/json; charset=utf-8';
const graphqlResponse = 'application/graphql-response+json; charset=utf-8';
const preflighted = { 'apollo-require-preflight': '1' };

let front: TestFront;
beforeAll(async () => {
  front = await startFront();
});
beforeEach(() => {
  front.executions.length = 0;
  front.log.length = 0;
});
afterAll(() => front.close());

/** What a client sees of a refusal. */
async function refusal(response: Promise<Response>) {
  const { status, headers, body } = await response.then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as {
      errors: { message: string; extensions: Record<string, unknown> }[];
      data?: unknown;
    },
  }));
  const [error] = body.errors;
  return { status, code: error?.extensions['code'], message: error?.message ?? '', headers, body };
}

const errorsLogged = () => front.log.filter(({ level }) => level === 'error' || level === 'warn');
const get = (parameters: Record<string, string>, headers: Record<string, string> = preflighted) =>
  front.get(`/graphql?${new URLSearchParams(parameters).toString()}`, headers);

describe('media types', () => {
  it.each([
    ['nothing', undefined, json],
    ['anything', '*/*', json],
    ['the old type', 'application/json', json],
    ['the new type', 'application/graphql-response+json', graphqlResponse],
    ['both, the new one first', 'application/graphql-response+json, application/json', graphqlResponse],
    ['both, the old one weighted less', 'application/json;q=0.9, application/graphql-response+json', graphqlResponse],
    ['a browser', 'text/html, */*;q=0.8', json],
  ])('answers a client that accepts %s', async (_, accept, expected) => {
    const response = await front.post({ query: '{ me { id } }' }, accept === undefined ? {} : { accept });
    expect(response.headers.get('content-type')).toBe(expected);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { me: { id: '1' } } });
  });

  it.each(['text/plain', 'application/json;q=0', 'image/*'])(
    'refuses Accept: %s before anything is executed',
    async (accept) => {
      const { status, code } = await refusal(
        front.post({ query: 'mutation { rename(name: "x") { id } }' }, { accept }),
      );
      expect({ status, code }).toEqual({ status: 406, code: 'NOT_ACCEPTABLE' });
      expect(front.executions).toEqual([]);
    },
  );

  it.each([
    ['application/json', json],
    ['application/graphql-response+json', graphqlResponse],
  ])('gives request errors a 400 and field errors a 200 in %s', async (accept, contentType) => {
    const requestErrors = ['{', '{ nope }', 'query ($id: Nope) { me { id } }'];
    for (const query of requestErrors) {
      const response = await refusal(front.post({ query }, { accept }));
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe(contentType);
      expect(response.body).not.toHaveProperty('data');
    }
    const partial = await front.post({ query: '{ me { friends { id } } echo(text: "x") }' }, { accept });
    expect(partial.status).toBe(200);
  });
});

describe('refused requests', () => {
  it.each([
    ['a syntax error', { query: '{ me' }, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nobody }' }, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable of the wrong type',
      { query: 'query ($t: String) { echo(text: $t) }', variables: { t: 1 } },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'an unknown operation name',
      { query: 'query A { me { id } }', operationName: 'B' },
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'no name among several',
      { query: 'query A { me { id } } query B { me { id } }' },
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['a subscription', { query: 'subscription { tick }' }, 400, 'SUBSCRIPTIONS_NOT_SUPPORTED'],
    ['a batch', [{ query: '{ me { id } }' }], 400, 'BAD_REQUEST'],
    ['a batch of subscriptions', [{ query: 'subscription { tick }' }], 400, 'BAD_REQUEST'],
    ['an empty batch', [], 400, 'BAD_REQUEST'],
    ['a text', '"{ me { id } }"', 400, 'BAD_REQUEST'],
    ['null', 'null', 400, 'BAD_REQUEST'],
    ['an empty object', {}, 400, 'BAD_REQUEST'],
    ['an empty query', { query: '' }, 400, 'BAD_REQUEST'],
    ['too many tokens', { query: `{ ${'me { id } '.repeat(4000)} }` }, 400, 'MAX_TOKENS_LIMIT'],
    ['lists without end', { query: `{ echo(text: ${'['.repeat(7000)}${']'.repeat(7000)}) }` }, 400, 'MAX_DEPTH_LIMIT'],
    [
      'a hash of another operation',
      { query: '{ me { id } }', extensions: { persistedQuery: { version: 1, sha256Hash: '00' } } },
      400,
      'BAD_REQUEST',
    ],
  ])('answers %s', async (_, body, status, code) => {
    expect(await refusal(front.post(body))).toMatchObject({ status, code });
    expect(front.executions).toHaveLength(code === 'BAD_USER_INPUT' ? 1 : 0);
    expect(errorsLogged()).toEqual([]);
    expect((await front.post({ query: '{ me { id } }' })).status).toBe(200);
  });

  it.each([
    ['query', 42, 'a string, got a number'],
    ['query', { kind: 'Document' }, 'a string, got an object'],
    ['operationName', ['A'], 'a string or null, got an array'],
    ['variables', '{"t":1}', 'an object or null, got a string'],
    ['variables', [1], 'an object or null, got an array'],
    ['extensions', true, 'an object or null, got a boolean'],
  ])('says what was expected of `%s` and what came', async (name, value, said) => {
    const { status, code, message } = await refusal(front.post({ query: '{ me { id } }', [name]: value }));
    expect({ status, code, message }).toEqual({
      status: 400,
      code: 'BAD_REQUEST',
      message: `Expected \`${name}\` to be ${said}.`,
    });
  });

  it.each([
    ['no object', 'x', 'Expected `extensions.persistedQuery` to be an object, got a string.'],
    ['no hash', { version: 1 }, 'Expected `extensions.persistedQuery.sha256Hash` to be a string, got nothing.'],
    [
      'an object as hash',
      { version: 1, sha256Hash: { toString: 1 } },
      'Expected `extensions.persistedQuery.sha256Hash` to be a string, got an object.',
    ],
  ])('refuses a persisted query with %s', async (_, persistedQuery, message) => {
    expect(await refusal(front.post({ extensions: { persistedQuery } }))).toMatchObject({ status: 400, message });
    expect(errorsLogged()).toEqual([]);
  });

  it('takes null for what may be left out', async () => {
    const body = { query: '{ me { id } }', operationName: null, variables: null, extensions: null };
    expect((await front.post(body)).status).toBe(200);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])(
    'answers %s on /graphql with the methods it takes',
    async (method) => {
      const socket = front.socket();
      socket.write(`${method} /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`);
      const answer = await socket.received(/\r\n\r\n.*\}$/s);
      socket.destroy();
      expect(answer).toMatch(/^HTTP\/1.1 405 /);
      expect(answer).toMatch(/^allow: GET, POST, OPTIONS\r$/im);
      expect(answer).toContain('"code":"METHOD_NOT_ALLOWED"');
    },
  );

  it('answers HEAD on /graphql with 405', async () => {
    const response = await fetch(`${front.url}/graphql`, { method: 'HEAD' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
  });

  it.each(['/', '/graphql/', '/GraphQL', '/nope', '/constructor', '/explorer/', '/explorer/main.js'])(
    'answers the unknown path %s',
    async (path) => {
      expect(await refusal(front.get(path))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    },
  );

  it('answers a path that cannot be decoded', async () => {
    expect(await refusal(front.get('/%zz'))).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });
});

describe('GET', () => {
  it('answers a query', async () => {
    const response = await get({
      query: 'query Q($t: String) { echo(text: $t) }',
      variables: '{"t":"hi"}',
      operationName: 'Q',
    });
    expect(await response.json()).toEqual({ data: { echo: 'hi' } });
  });

  it('refuses a mutation, also beside a query', async () => {
    const query = 'query Q { me { id } } mutation M { rename(name: "x") { id } }';
    for (const parameters of [{ query: 'mutation { rename(name: "x") { id } }' }, { query, operationName: 'M' }]) {
      const { status, code, headers } = await refusal(get(parameters));
      expect({ status, code, allow: headers.get('allow') }).toEqual({
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        allow: 'POST',
      });
    }
    expect(front.executions).toEqual([]);
  });

  it('refuses a subscription', async () => {
    expect(await refusal(get({ query: 'subscription { tick }' }))).toMatchObject({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
    });
  });

  it.each([
    ['variables that are no JSON', { variables: '{t:1}' }],
    ['variables that are a list', { variables: '[1]' }],
    ['variables without end', { variables: `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}` }],
    ['extensions that are a text', { extensions: '"x"' }],
    [
      'a persisted query without a hash',
      { extensions: '{"persistedQuery":{"version":1,"sha256Hash":{"toString":1}}}' },
    ],
  ])('refuses %s', async (_, parameters) => {
    expect(await refusal(get({ query: '{ me { id } }', ...parameters }))).toMatchObject({
      status: 400,
      code: 'BAD_REQUEST',
    });
    expect(front.executions).toEqual([]);
    expect(errorsLogged()).toEqual([]);
  });

  it('refuses a parameter that comes twice', async () => {
    const response = front.get('/graphql?query={me{id}}&query={me{name}}', preflighted);
    expect((await refusal(response)).message).toBe('Expected the parameter `query` once, got it 2 times.');
  });

  it('has no page for a browser in production mode', async () => {
    const response = await refusal(front.get('/graphql', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }));
    expect(response).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });
});

describe('requests a foreign page can make a browser send', () => {
  it.each([
    ['text/plain', '{"query":"{ me { id } }"}'],
    ['application/x-www-form-urlencoded', 'query=%7B%20me%20%7B%20id%20%7D%20%7D'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{ me { id } }\r\n--x--',
    ],
    ['text/plain; application/json', '{"query":"{ me { id } }"}'],
    ['application/jsonx', '{"query":"{ me { id } }"}'],
    ['', '{"query":"{ me { id } }"}'],
  ])('are refused as %s', async (contentType, body) => {
    expect(await refusal(front.post(body, { 'content-type': contentType }))).toMatchObject({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
    expect(front.executions).toEqual([]);
  });

  it('are refused as GET without a header that needs a preflight', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }, { 'apollo-require-preflight': '' }]) {
      const { status, code } = await refusal(get({ query: '{ me { id } }' }, headers));
      expect({ status, code }).toEqual({ status: 400, code: 'BAD_REQUEST' });
    }
    expect(front.executions).toEqual([]);
  });
});

describe('introspection in production mode', () => {
  const queries = [
    '{ a: __schema { types { name } } }',
    '{ __type(name: "User") { name } }',
    '{ ...F } fragment F on Query { b: __schema { types { name } } }',
    '{ ... on Query { ... { __type(name: "User") { name } } } }',
    'mutation { rename(name: "x") { id } __typename } query Q { __schema { types { name } } }',
  ];
  it.each(queries)('is refused: %s', async (query) => {
    for (const response of [front.post({ query, operationName: null }), get({ query })]) {
      const { status, body } = await refusal(response);
      expect(status).toBe(400);
      expect(JSON.stringify(body)).not.toContain('"name":"User"');
    }
    expect(front.executions).toEqual([]);
  });

  it('leaves __typename alone', async () => {
    const response = await front.post({ query: '{ __typename me { __typename } }' });
    expect(await response.json()).toEqual({ data: { __typename: 'Query', me: { __typename: 'User' } } });
  });

  it.each([
    ['a field', { query: '{ mee { id } }' }],
    ['an argument', { query: '{ echo(txt: "x") }' }],
    ['a type', { query: '{ me { ... on Usr { id } } }' }],
    ['an enum value of a variable', { query: 'query ($c: Colour) { echo(colour: $c) }', variables: { c: 'REDD' } }],
    [
      'an input field of a variable',
      { query: 'query ($f: Filter) { echo(filter: $f) }', variables: { f: { nam: 'x' } } },
    ],
  ])('suggests no name for %s', async (_, body) => {
    const { status, body: answer } = await refusal(front.post(body));
    expect(status).toBe(400);
    expect(JSON.stringify(answer)).not.toContain('Did you mean');
  });
});

it('is open, with suggestions, in development mode', async () => {
  await using development = await startFront({ mode: 'development' });
  const schema = await development.post({ query: '{ __type(name: "User") { name } }' });
  expect(await schema.json()).toEqual({ data: { __type: { name: 'User' } } });
  expect((await refusal(development.post({ query: '{ mee { id } }' }))).message).toContain('Did you mean "me"?');
});

it('keeps the keys of Object.prototype as data', async () => {
  await using echoing = await startFront({
    executor: async ({ request }) => ({
      data: { variables: request.variables, own: Object.keys(request.variables ?? {}) },
    }),
  });
  const body = `{"__proto__":{"polluted":1,"query":"{ nope }"},"constructor":{"prototype":{"polluted":1}},
    "query":"query ($__proto__: String) { echo(text: $__proto__) __proto__: me { constructor: name } }",
    "variables":{"__proto__":{"polluted":1},"toString":"2"}}`;
  const answer = await echoing.post(body);
  expect(await answer.text()).toBe(
    '{"data":{"variables":{"__proto__":{"polluted":1},"toString":"2"},"own":["__proto__","toString"]}}',
  );
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);

  const inherited = await refusal(echoing.post('{"__proto__":{"query":"{ me { id } }"}}'));
  expect(inherited).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
});
