import type { Page } from 'playwright-core';
import { vi } from 'vitest';
import type { ExplainedAnswer } from '../../src/explain/explanation.ts';

/**
 * Opens the explorer of the gateway whose origin is `url`, enters the token, runs the tab OrderHistory, waits until the
 * page shows the answer and gives it as JSON text, without the explanation.
 */
export async function runOrderQuery(page: Page, url: string, token: string): Promise<string> {
  await openExplorer(page, url);
  await enterToken(page, token);
  return runTab(page, 'OrderHistory');
}

export async function openExplorer(page: Page, url: string): Promise<void> {
  await page.goto(new URL('/explorer/', url).href);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
}

export async function enterToken(page: Page, token: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Token' });
  await field.fill(token);
  await field.press('Enter');
}

/** The titles of the tabs, left to right. */
export async function tabTitles(page: Page): Promise<readonly string[]> {
  return page.locator('[id^="graphiql-session-tab-"]').allTextContents();
}

/** Executes a tab, waits until the page shows the answer and gives it as JSON text, without the explanation. */
export async function runTab(page: Page, title: string): Promise<string> {
  await page.getByRole('tab', { name: title }).click();
  // GraphiQL notices 100 ms after a change of tabs which operation it holds, and until then it sends the old name.
  const answer = await vi.waitFor(() => execute(page, title), { timeout: 10_000, interval: 100 });
  await vi.waitFor(() => seesStartOf(page, answer), { timeout: 10_000, interval: 100 });
  return answer;
}

async function execute(page: Page, title: string): Promise<string> {
  const answered = page.waitForResponse((response) => response.request().postData()?.includes(title) ?? false);
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const response = await answered;
  const { operationName }: { operationName?: string } = JSON.parse(response.request().postData() ?? '{}');
  if (operationName !== title) throw new Error(`Expected the operation ${title}, the page sent ${operationName}`);
  return withoutExplanation(await response.text());
}

function withoutExplanation(answer: string): string {
  const { extensions: { atrium: _, ...kept } = {}, ...others }: ExplainedAnswer = JSON.parse(answer);
  return JSON.stringify(Object.keys(kept).length === 0 ? others : { ...others, extensions: kept });
}

/** The result pane draws only the lines that fit it. */
async function seesStartOf(page: Page, answer: string): Promise<void> {
  const lines = await page.locator('.result-window .view-line').allTextContents();
  const seen = withoutSpace(lines.join(''));
  if (seen === '' || !withoutSpace(answer).startsWith(seen)) throw new Error(`Expected ${answer}, saw ${seen}`);
}

function withoutSpace(text: string): string {
  return text.replaceAll(/\s/g, '');
}
