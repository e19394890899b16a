import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../cli/run.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { findChromium, launchChromium } from './explorer-browser.ts';
import { runOrderQuery } from './explorer-page.ts';
import { startGateway } from './gateway-process.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { readmeBlock, untruePart } from './readme.ts';

const chromium = await findChromium();

// With ATRIUM_TEST_SCREENSHOTS set, what is seen becomes the pictures of the README.
describe.skipIf(chromium === undefined)('the explorer of the running demo', () => {
  let shop: DemoShop;
  let gateway: GatewayProcess;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    shop = await startDemoShop();
    gateway = await startGateway({ env: shop.env, parameters: ['--mode', 'development'] });
    browser = await launchChromium(chromium ?? '');
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
    await shop?.close();
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  });

  it("shows ann's orders from four services, the plan for them, and what took how long", async () => {
    const answer = await runOrderQuery(page, gateway.origin, await shop.token('ann'));
    expect(untruePart(await readmeBlock('ann'), answer)).toBeUndefined();

    const panel = page.getByRole('region', { name: 'Explain' });
    await panel.getByRole('tab', { name: 'Plan' }).click();
    const fetches = panel.getByRole('button', { name: /^Fetch \d: / });
    expect(await fetches.evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')))).toEqual([
      'Fetch 1: users',
      'Fetch 2: orders',
      'Fetch 3: payments',
      'Fetch 4: products',
      'Fetch 5: orders',
    ]);
    await panel.getByRole('button', { name: 'Fetch 5: orders' }).click();
    await picture('explain-plan');

    await panel.getByRole('tab', { name: 'Waterfall' }).click();
    const rows = await panel.getByRole('tabpanel').getByRole('button').allTextContents();
    expect(rows.filter((row) => row.startsWith('call')).length).toBe(5);
    expect(rows.find((row) => row.startsWith('4. products'))).toBeDefined();
    await picture('explain-waterfall');
  });

  it('says why a null is one: the rule, its file and line', async () => {
    await runOrderQuery(page, gateway.origin, await shop.token('carol'));
    const panel = page.getByRole('region', { name: 'Explain' });
    await page.getByRole('region', { name: 'Result Window' }).getByText('null', { exact: true }).click();
    const reason = await panel.getByRole('region', { name: 'Why me.orders' }).textContent();
    expect(reason).toMatch(/"scope orders:read" \(gateway\.config\.ts:\d+\): The scope orders:read is needed/);
    expect(reason).toContain('FORBIDDEN');
    await picture('explain-null');
  });

  async function picture(name: string): Promise<void> {
    if (process.env['ATRIUM_TEST_SCREENSHOTS'] === undefined) return;
    await page.screenshot({ path: join(root, `docs/images/${name}.png`) });
  }
});
