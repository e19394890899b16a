import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../cli/run.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { startGateway } from './gateway-process.ts';
import type { Answer, GatewayProcess } from './gateway-process.ts';
import { readmeBlock } from './readme.ts';

const redis = await startRedisServer();
/** Redis may be too slow once on a busy machine: then more is asked for than has to be. */
const patient = { timeout: 20_000, interval: 50 };

describe.skipIf(redis === undefined)('two gateways of the shop with one Redis', { timeout: 60_000 }, () => {
  let cwd: string;
  let shop: DemoShop;
  let near: GatewayProcess;
  let far: GatewayProcess;
  let orderHistory: string;

  beforeAll(async () => {
    orderHistory = await readmeBlock('order history');
    shop = await startDemoShop();
    const config = await readFile(join(root, 'gateway.config.ts'), 'utf8');
    cwd = await mkdtemp(join(tmpdir(), 'atrium-cache-'));
    await writeFile(join(cwd, 'gateway.config.ts'), withoutLimits(config));
    const start = () => startGateway({ cwd, env: { ...shop.env, REDIS_URL: redis?.url ?? '' } });
    [near, far] = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all([near?.stop(), far?.stop(), shop?.close(), redis?.stop()]);
    await rm(cwd, { recursive: true });
  });

  const callsOf = async (gateway: GatewayProcess, answer: Answer) =>
    (await gateway.lineOf(answer)).calls.map(({ subgraph }) => subgraph);
  const askOrders = async (gateway: GatewayProcess, user: 'ann' | 'bob' = 'ann') =>
    gateway.ask({ query: orderHistory, token: await shop.token(user) });
  const adminOf = ({ messages }: GatewayProcess) =>
    messages.map((line) => /^The admin listener answers at (\S+)/.exec(line)?.[1]).find(Boolean) ?? '';

  it('find what the other has fetched, and give nobody what is private to another', async () => {
    const first = await askOrders(near);
    await vi.waitFor(async () => {
      const second = await askOrders(far);
      expect(second.text).toBe(first.text);
      expect(await callsOf(far, second)).toEqual(['users', 'orders', 'payments']);
    }, patient);
    const query = '{ me { id email } }';
    for (const gateway of [near, far, near, far]) {
      const answers = [];
      for (const token of [await shop.token('ann'), await shop.token('bob'), undefined])
        answers.push((await gateway.ask({ query, ...(token === undefined ? {} : { token }) })).body.data?.['me']);
      expect(answers).toEqual([
        { id: '1', email: expect.stringMatching(/^ann/) },
        { id: '2', email: expect.stringMatching(/^bob/) },
        null,
      ]);
    }
  });

  it('show a price as soon as the other has changed it', async () => {
    const query = 'query ($id: ID!) { product(id: $id) { id sku price { amount } } }';
    const askPrice = async (gateway: GatewayProcess) =>
      (await gateway.ask({ query, variables: { id: '1' } })).body.data?.['product'];
    const update = `mutation ($input: UpdatePriceInput!) { updatePrice(input: $input) { price { amount } } }`;
    for (const amount of [4_242, 4_343]) {
      await Promise.all([askPrice(near), askPrice(far), askOrders(near), askOrders(far)]);
      const changed = await far.ask({
        query: update,
        variables: { input: { productId: '1', amount } },
        token: await shop.token('admin'),
      });
      expect(changed.body).toEqual({ data: { updatePrice: { price: { amount } } } });
      expect(await askPrice(far)).toMatchObject({ price: { amount } });
      // It hears of it in a moment.
      await vi.waitFor(async () => expect(await askPrice(near)).toMatchObject({ price: { amount } }), patient);
    }
  });

  it('ask again for what is invalidated at the admin listener of one', async () => {
    await askOrders(near);
    const invalidate = async (body: unknown) => {
      const response = await fetch(`${adminOf(far)}/cache/invalidate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    };
    const request = [{ kind: 'type', subgraph: 'products', type: 'Product' }];
    await vi.waitFor(async () => {
      expect(await invalidate(request)).toEqual({ status: 200, body: { outcome: 'invalidated', invalidations: 1 } });
    }, patient);
    const again = await askOrders(near);
    expect(await callsOf(near, again)).toContain('products');
    await vi.waitFor(async () => expect(await callsOf(near, await askOrders(near))).not.toContain('products'), patient);
    const refused = await invalidate([{ kind: 'type' }]);
    expect(refused).toMatchObject({ status: 400 });
    expect(JSON.stringify(refused.body)).toContain('[0]: expected one of { subgraph }');
  });

  it('answer without Redis as with it', async () => {
    const before = await askOrders(near);
    expect(before.body.errors).toBeUndefined();
    await redis?.kill();
    for (const gateway of [near, far]) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => askOrders(gateway)));
      for (const { text } of answers) expect(text).toBe(before.text);
    }
    const query = `{ product(id: "2") { name } nothing: product(id: "${randomUUID()}") { name } }`;
    expect((await near.ask({ query })).body.errors).toBeUndefined();
    await redis?.restart();
    await vi.waitFor(async () => {
      await askOrders(near);
      expect(await callsOf(far, await askOrders(far))).not.toContain('products');
    }, patient);
  });
});

/** The requests of these tests are more than one client may make. */
function withoutLimits(config: string): string {
  const without = config.replace(/^ {2}rateLimit: .*\n/m, '');
  if (without === config) throw new Error('Expected a rate limit in the configuration of the shop');
  return without;
}
