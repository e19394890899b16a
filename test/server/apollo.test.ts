import { hash } from 'node:crypto';
import dns from 'node:dns';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startFront } from './start-front.ts';

const question = { query: '{ me { id } }' };

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('Apollo Server', () => {
  it.each(['production', 'development'] as const)(
    'reports nothing to anyone in %s mode, whatever the environment holds',
    async (mode) => {
      vi.stubEnv('APOLLO_KEY', 'service:shop:0123456789');
      vi.stubEnv('APOLLO_GRAPH_REF', 'shop@current');
      vi.stubEnv('APOLLO_SCHEMA_REPORTING', 'true');
      // Every connection to a name begins with a look-up, and so does listening.
      const lookup = vi.spyOn(dns, 'lookup');
      const front = await startFront({ mode });
      for (let count = 0; count < 3; count++) await front.post(question);
      await front.post(question, { 'apollo-federation-include-trace': 'ftv1' });
      await front.close();
      expect(new Set(lookup.mock.calls.map(([host]) => host))).toEqual(new Set(['127.0.0.1']));
      expect(front.log.filter(({ level }) => level !== 'info')).toEqual([]);
    },
  );

  it.each(['development', 'test', ''])('is as closed in production mode when NODE_ENV is "%s"', async (nodeEnv) => {
    vi.stubEnv('NODE_ENV', nodeEnv);
    await using front = await startFront({
      executor: async () => {
        throw new Error('secret');
      },
    });
    expect((await front.post({ query: '{ __schema { types { name } } }' })).status).toBe(400);
    expect(await (await front.post({ query: '{ mee { id } }' })).text()).not.toContain('Did you mean');
    const broken = await (await front.post(question)).text();
    expect(broken).not.toMatch(/secret|stacktrace/);
    expect((await front.get('/graphql', { accept: 'text/html' })).status).toBe(406);
  });

  it('opens introspection in production mode when told to', async () => {
    await using front = await startFront({ introspection: true });
    const response = await front.post({ query: '{ __type(name: "User") { name } }' });
    expect(await response.json()).toEqual({ data: { __type: { name: 'User' } } });
  });

  it('leaves the signals of the process alone', async () => {
    const before = [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')];
    await using front = await startFront();
    await front.post(question);
    expect([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]).toEqual(before);
  });

  it('runs the user’s plugins, which see the request’s context', async () => {
    const seen: string[] = [];
    await using front = await startFront({
      plugins: [
        {
          async requestDidStart({ contextValue }) {
            seen.push(contextValue.requestId);
          },
        },
      ],
    });
    await front.post(question, { 'x-request-id': 'r1' });
    expect(seen).toEqual(['r1']);
  });

  it('answers a persisted query once it was sent whole', async () => {
    await using front = await startFront();
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', question.query) } };
    const unknown = await front.post({ extensions });
    expect(await unknown.json()).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] });
    await front.post({ ...question, extensions });
    expect(await (await front.post({ extensions })).json()).toEqual({ data: { me: { id: '1' } } });
  });
});
