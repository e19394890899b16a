import { readFile } from 'node:fs/promises';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { buildSchema, parse } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { UnsecuredJWT } from 'jose';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureExplorer } from '../../src/server/explorer/build.ts';
import { findChromium, launchChromium } from './explorer-browser.ts';
import { carolsToken, startExplorerGateway } from './explorer-gateway.ts';
import type { ExplorerGateway } from './explorer-gateway.ts';
import { enterToken, openExplorer, runOrderQuery, runTab, tabTitles } from './explorer-page.ts';

const chromium = await findChromium();

describe.skipIf(chromium === undefined)('the explorer in Chromium', () => {
  let browser: Browser;
  let shop: ExplorerGateway;
  let elsewhere: ExplorerGateway;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    const explorer = await ensureExplorer();
    if (explorer.kind === 'unavailable') throw new Error(explorer.reason);
    shop = await startExplorerGateway(explorer.directory, await demoSchema());
    elsewhere = await startExplorerGateway(
      explorer.directory,
      buildSchema('type Query { me: User } type User { id: ID }'),
    );
    browser = await launchChromium(chromium ?? '');
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([shop?.close(), elsewhere?.close()]);
  });

  beforeEach(async () => {
    complaints = [];
    context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) complaints.push(`asked ${request.url()}`);
      const isExplained = request.headers()['x-atrium-explain'] !== undefined;
      if (isExplained && request.postData()?.includes('__schema')) complaints.push('has introspection explained');
    });
    page = await context.newPage();
  });

  afterEach(async () => {
    await context.close();
  });

  it('runs the order query with the token and shows the result, within its policy and from its own host alone', async () => {
    const token = new UnsecuredJWT({ name: 'Ann' }).encode();

    const answer = await runOrderQuery(page, shop.url, token);

    expect(JSON.parse(answer)).toMatchObject({
      data: { me: { name: 'Ann', orders: { edges: [{ node: { id: '17' } }] } } },
    });
    expect(await page.locator('output').textContent()).toBe('Ann');
    // The editor starts its workers when it is idle.
    await expect
      .poll(() => page.workers().map((worker) => worker.url().split('/').at(-1)), { timeout: 20_000 })
      .toContain('graphql.worker.js');
    expect(complaints).toEqual([]);
  });

  it('starts with a tab for each query of the demo', async () => {
    await openExplorer(page, shop.url);

    expect(await tabTitles(page)).toEqual(['OrderHistory', 'Catalogue', 'OneOrder', 'PlaceOrder']);
  });

  it('shows a refusal as the gateway words it', async () => {
    await openExplorer(page, shop.url);

    const answer = await runTab(page, 'OneOrder');

    expect(JSON.parse(answer)).toMatchObject({
      data: { product: { name: 'Teapot' }, order: null },
      errors: [{ path: ['order'], extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('explains the order query: its plan, what took how long, and what it cost', async () => {
    await runOrderQuery(page, shop.url, new UnsecuredJWT({ name: 'Ann' }).encode());
    const panel = page.getByRole('region', { name: 'Explain' });

    await panel.getByRole('tab', { name: 'Plan' }).click();
    const fetches = panel.getByRole('button', { name: /^Fetch/ });
    const names = await fetches.evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')));
    await panel.getByRole('button', { name: 'Fetch 5: orders' }).press('Enter');
    const fetch = await panel.getByRole('region', { name: 'Fetch 5: orders' }).textContent();

    expect(names).toEqual([
      'Fetch 1: users',
      'Fetch 2: orders',
      'Fetch 3: payments',
      'Fetch 4: products',
      'Fetch 5: orders',
    ]);
    expect(fetch).toMatch(/For me\.orders\.edges\.node\.items\.product.*given .*weightGrams.*shippingEstimate/s);

    await panel.getByRole('tab', { name: 'Plan' }).press('ArrowRight');
    await panel.getByRole('button', { name: /^4\. products/ }).click();
    const entities = await panel.getByRole('region', { name: 'Facts of fetch' }).textContent();
    await panel.getByRole('button', { name: /SUBGRAPH_HTTP_ERROR/ }).click();
    const failure = await panel.getByRole('region', { name: 'Facts of call' }).textContent();

    expect(entities).toContain('11 found → 9 different → 7 cached → 2 sent');
    expect(failure).toMatch(/connect0\.9 ms.*status 503.*"id": "14991"/s);
    expect(await panel.getByRole('button', { name: /^call, try 2/ }).count()).toBe(1);

    await panel.getByRole('tab', { name: 'Cost & limits' }).click();

    const told = await panel.getByRole('tabpanel', { name: 'Cost & limits' }).textContent();
    expect(told).toMatch(/at most255.*in fact59.*allowed1000.*7 hits, 16 misses.*clients.*admitted/s);
    expect(complaints).toEqual([]);
  });

  it('says which rule denied a field whose null is clicked', async () => {
    await runOrderQuery(page, shop.url, carolsToken);
    const panel = page.getByRole('region', { name: 'Explain' });

    await page.getByRole('region', { name: 'Result Window' }).getByText('null', { exact: true }).click();
    const reason = await panel.getByRole('region', { name: 'Why me.orders' }).textContent();
    await panel.getByRole('checkbox', { name: /^Only what is null/ }).check();
    const rows = await panel.getByRole('listitem').getByRole('button').allTextContents();

    expect(reason).toContain('"scope orders:read" (gateway.config.ts:11): The scope orders:read is needed');
    expect(reason).toContain('FORBIDDEN');
    expect(rows).toEqual([expect.stringMatching(/^me\.orders.*denied.*null/)]);
    expect(complaints).toEqual([]);
  });

  it('remembers that the panel is open, and empties it for an answer without an explanation', async () => {
    await runOrderQuery(page, shop.url, carolsToken);
    const panel = page.getByRole('region', { name: 'Explain' });
    await panel.getByRole('button', { name: 'Explain' }).click();
    const explained = await panel.getByRole('tabpanel').textContent();
    await runTab(page, 'OneOrder');
    const unexplained = await panel.getByRole('tabpanel').textContent();
    await page.getByRole('tab', { name: 'OrderHistory' }).click();
    const again = await panel.getByRole('tabpanel').textContent();
    await page.reload();
    await panel.getByRole('tabpanel').waitFor();

    expect(explained).toContain('1. users');
    expect(unexplained).toBe('This answer has no explanation.');
    expect(again).toBe(explained);
    expect(await panel.getByRole('tabpanel').textContent()).toBe('Run an operation to see how it is answered.');
  });

  it('keeps the token while the tab of the browser lives, and nowhere else', async () => {
    await openExplorer(page, shop.url);
    await enterToken(page, '  Bearer opaque \n');
    await page.reload();
    await page.getByRole('textbox', { name: 'Token' }).waitFor();

    const another = await context.newPage();
    await openExplorer(another, shop.url);

    expect(await page.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('opaque');
    expect(await another.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('');
  });

  it('greets with the text of GraphiQL where the queries of the demo are not valid', async () => {
    await openExplorer(page, elsewhere.url);

    expect(await tabTitles(page)).toEqual(['<untitled>']);
    expect(await page.locator('.graphiql-query-editor').textContent()).toContain('Welcome');
    expect(complaints).toEqual([]);
  });
});

/** What clients see of the demo's supergraph, composed from its sources. */
async function demoSchema(): Promise<GraphQLSchema> {
  const services = await Promise.all(
    ['users', 'products', 'orders', 'payments'].map(async (name) => ({
      name,
      url: `http://127.0.0.1/${name}`,
      typeDefs: parse(await readFile(new URL(`../../schemas/${name}.graphql`, import.meta.url), 'utf8')),
    })),
  );
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error(errors?.join('\n'));
  return Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema();
}
