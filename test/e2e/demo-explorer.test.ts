import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../cli/run.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { findChromium, launchChromium } from './explorer-browser.ts';
import { runOrderQuery } from './explorer-page.ts';
import { startGateway } from './gateway-process.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { readmeBlock, untruePart } from './readme.ts';

const chromium = await findChromium();

describe.skipIf(chromium === undefined)('the explorer of the running demo', () => {
  let shop: DemoShop;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    shop = await startDemoShop();
    gateway = await startGateway({ env: shop.env, parameters: ['--mode', 'development'] });
  });

  afterAll(async () => {
    await gateway?.stop();
    await shop?.close();
  });

  // With ATRIUM_TEST_SCREENSHOT set, what it shows becomes the picture of the README.
  it("shows ann's orders from four services", async () => {
    await using browser = await launchChromium(chromium ?? '');
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });

    const answer = await runOrderQuery(page, gateway.origin, await shop.token('ann'));

    expect(untruePart(await readmeBlock('ann'), answer)).toBeUndefined();
    if (process.env['ATRIUM_TEST_SCREENSHOT'] !== undefined) {
      await page.screenshot({ path: join(root, 'docs/images/explorer.png') });
    }
  });
});
