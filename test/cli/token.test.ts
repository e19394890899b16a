import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIdentity } from '../../services-mock/identity/service.ts';
import { run } from './run.ts';

let identity: Awaited<ReturnType<typeof startIdentity>>;
beforeAll(async () => {
  identity = await startIdentity({ port: 0 });
});
afterAll(() => identity.close());

describe('atrium token', () => {
  it('prints the token of a user and nothing else', async () => {
    const { code, out, error } = await run(['token', 'ann', '--identity', identity.url]);

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(decodeJwt(out)).toMatchObject({ sub: '1', aud: 'atrium-shop', roles: ['customer'] });
  });

  it('names the users there are', async () => {
    expect(await run(['token', 'zoe', '--identity', identity.url])).toEqual({
      code: 1,
      out: '',
      error: `atrium: ${identity.url} gave no token for "zoe": "user" must be one of ann, bob, carol, admin`,
    });
  });

  it('says how to start the identity service when nothing answers', async () => {
    const { code, out, error } = await run(['token', 'ann', '--identity', 'http://127.0.0.1:1']);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatchInlineSnapshot(
      `"atrium: expected the demo's identity service at http://127.0.0.1:1, got no answer; \`npm start\` and \`npm run services\` start it"`,
    );
  });
});
