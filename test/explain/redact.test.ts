import { expect, it } from 'vitest';
import { rule, shield } from '../../src/index.ts';
import type { ExplainedAnswer } from '../../src/explain/explanation.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpSubgraph } from '../support/http-gateway.ts';

const link = (names: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${names}])`;

/** What nobody may see stands in values that begin with this. */
const secret = 'SECRET';

const subgraphs: Record<string, HttpSubgraph> = {
  people: {
    sdl: `${link('"@key", "@inaccessible", "@shareable"')}
      type Query { staff: [Person!]! }
      type Person @key(fields: "id org { code }") {
        id: ID!
        org: Org! @shareable
        salary(currency: String): String
        hidden: String @inaccessible
        badge: Badge!
      }
      type Org { code: String! @shareable city: String }
      interface Media @key(fields: "id") { id: ID! title: String }
      type Book implements Media @key(fields: "id") { id: ID! title: String }
      type Badge @key(fields: "id") { id: ID! cover: Media }`,
    resolvers: {
      Query: {
        staff: () => [
          {
            id: '1',
            org: { code: `${secret}-code`, city: 'Bern' },
            salary: `${secret}-salary`,
            hidden: `${secret}-hidden`,
            badge: { id: 'b', cover: { __typename: 'Book', id: `${secret}-media`, title: 't' } },
          },
        ],
      },
    },
  },
  payroll: {
    sdl: `${link('"@key", "@external", "@requires", "@interfaceObject", "@shareable"')}
      type Person @key(fields: "id org { code }") {
        id: ID!
        org: Org! @shareable
        salary(currency: String): String @external
        hidden: String @external
        tax: Int @requires(fields: "salary(currency: \\"CHF\\") hidden")
      }
      type Org { code: String! @shareable }
      type Media @key(fields: "id") @interfaceObject { id: ID! rating: Int }
      type Badge @key(fields: "id") { id: ID! zone: String }`,
    resolvers: { Person: { tax: () => 7 }, Media: { rating: () => 5 }, Badge: { zone: () => 'z' } },
  },
};

const nobody = rule('nobody', { cache: 'contextual' })(() => false);

it('no value that a rule covers, or that clients cannot ask for, is in an explanation, wherever it stands', async () => {
  const rules = shield({
    Person: { salary: nobody },
    Org: { code: nobody },
    Book: { id: nobody },
  });
  await using gateway = await startHttpGateway(subgraphs, () => ({
    mode: 'development',
    authorization: { rules, allowTransitive: ['Person.tax'] },
  }));
  const query = `{ staff { mine: id tax pay: salary(currency: "EUR") org { city } badge { zone cover { rating title } } } }`;
  const response = await gateway.post({ query }, { headers: { 'x-atrium-explain': '1' } });
  const text = await response.text();
  const { data, extensions }: ExplainedAnswer = JSON.parse(text);

  // It was really sent.
  const sent = JSON.stringify(gateway.calls.map(({ variables }) => variables));
  for (const value of ['code', 'salary', 'hidden', 'media']) expect(sent).toContain(`${secret}-${value}`);
  expect(data).toMatchObject({ staff: [{ mine: '1', tax: 7, pay: null, badge: { zone: 'z', cover: { rating: 5 } } }] });
  expect(extensions?.atrium?.spans.some(({ call }) => call?.variables?.includes('[redacted]'))).toBe(true);
  expect(text).not.toContain(secret);
});
