import { readFile } from 'node:fs/promises';
import type { ExplainedField, Explanation } from '../../src/explain/explanation.ts';

/** Of the order query of the demo, with a first call to payments that failed and some of the products cached. */
export const annsExplanation: Explanation = JSON.parse(
  await readFile(new URL('order-explanation.json', import.meta.url), 'utf8'),
);

const message = 'The scope orders:read is needed';

/** Of the same query, asked by somebody who may not see orders. */
export const carolsExplanation: Explanation = {
  ...annsExplanation,
  requestId: '7b0f4c61-5d2e-4a37-9a51-2f4c8e0d1b66',
  principal: { subject: '3', issuer: 'http://127.0.0.1:4005', roles: ['customer'], scopes: [] },
  plan: { known: true, tree: 'users', fetches: annsExplanation.plan.fetches.slice(0, 1) },
  spans: annsExplanation.spans.slice(0, 10),
  fields: annsExplanation.fields.map((field) => (field.path.startsWith('me.orders') ? withheld(field) : field)),
};

function withheld(field: ExplainedField): ExplainedField {
  if (field.path !== 'me.orders') return { ...field, subgraphs: [], verdict: 'above', rules: [] };
  const rules = [`"scope orders:read" (gateway.config.ts:11): ${message}`];
  return {
    ...field,
    subgraphs: [],
    verdict: 'denied',
    rules,
    nulls: 1,
    errors: [{ code: 'FORBIDDEN', message, count: 1 }],
  };
}
