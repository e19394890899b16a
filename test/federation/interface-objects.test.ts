import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const media = [
  { __typename: 'Book', id: '1', title: 'Emma', pages: 9 },
  { __typename: 'Film', id: '2', title: 'Heat', minutes: 170 },
];

const catalogue: TestSubgraph = {
  sdl: `type Query { media: [Media!]! book: Book }
    interface Media @key(fields: "id") { id: ID! title: String }
    type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
    type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }`,
  resolvers: {
    Query: { media: () => media, book: () => media[0] },
    Media: { __resolveReference: ({ id }: { id: string }) => media.find((one) => one.id === id) ?? null },
  },
};
const reviews: TestSubgraph = {
  sdl: `type Query { best: Media lost: Media reviews: [Review!]! }
    type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int title: String @external label: String @requires(fields: "title") }
    type Review { text: String of: Media! maybe: Media }`,
  resolvers: {
    Query: {
      best: () => ({ id: '2' }),
      lost: () => ({ id: '9' }),
      reviews: () => [
        { text: 'fine', of: { id: '1' }, maybe: { id: '9' } },
        { text: 'long', of: { id: '2' }, maybe: { id: '1' } },
      ],
    },
    Media: {
      stars: ({ id }: { id: string }) => Number(id) + 3,
      label: ({ title }: { title: string }) => `<${title}>`,
    },
  },
};

describe('an interface object', () => {
  it('adds fields to every type of the interface', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls, requests } = await shop.ask(
      '{ media { __typename title stars } book { stars pages } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. catalogue: {media{__typename id title}book{__typename id pages}}
      2. reviews, after 1: media.@ {...on Media{stars}}; book {...on Media{stars}}"
    `);
    expect(answer).toEqual({
      data: {
        media: [
          { __typename: 'Book', title: 'Emma', stars: 4 },
          { __typename: 'Film', title: 'Heat', stars: 5 },
        ],
        book: { stars: 4, pages: 9 },
      },
    });
    expect(calls).toEqual(['catalogue', 'reviews']);
    expect(JSON.stringify(requests[1]?.variables)).not.toContain('Book');
  });

  it('finds its type where the interface is known', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls } = await shop.ask(
      '{ best { __typename id ... on Film { minutes } } reviews { of { stars ... on Book { pages } } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. reviews: {best{__typename id}reviews{of{__typename id stars}}}
      2. catalogue, after 1: best {...on Media{__typename ...on Film{minutes}}}; reviews.@.of {...on Media{__typename ...on Book{pages}}}"
    `);
    expect(answer).toEqual({
      data: {
        best: { __typename: 'Film', id: '2', minutes: 170 },
        reviews: [{ of: { stars: 4, pages: 9 } }, { of: { stars: 5 } }],
      },
    });
    expect(calls).toEqual(['reviews', 'catalogue']);
  });

  it('needs no type for what it knows itself', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls } = await shop.ask('{ best { id stars } }');
    expect(plan).toMatchInlineSnapshot(`"1. reviews: {best{id stars}}"`);
    expect(answer).toEqual({ data: { best: { id: '2', stars: 5 } } });
    expect(calls).toEqual(['reviews']);
  });

  it('can be cast to other abstract types and back', async () => {
    const printed: TestSubgraph = {
      sdl: `union Printed = Book | Leaflet type Book @key(fields: "id") { id: ID! } type Leaflet { text: String }
        type Query { printed: Printed }`,
      resolvers: { Query: { printed: () => media[0] } },
    };
    const shop = await openFeature({ catalogue, reviews, printed });
    const { plan, answer } = await shop.ask(`
      { reviews { of { ... on Printed { ...Stars ... on Book { pages } } } } printed { ... on Media { stars } } }
      fragment Stars on Media { stars }
    `);
    expect(plan).toMatchInlineSnapshot(`
      "1. reviews: {reviews{of{__typename id}}}
      2. printed: {printed{__typename ...on Book{__typename id}}}
      3. catalogue, after 1: reviews.@.of {...on Media{__typename ...on Book{pages}}}
      4. reviews, after 1 and 2 and 3: reviews.@.of and printed {...on Media{stars}}"
    `);
    expect(answer).toEqual({
      data: { reviews: [{ of: { stars: 4, pages: 9 } }, { of: {} }], printed: { stars: 4 } },
    });
  });

  it('may require fields of the interface', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls, requests } = await shop.ask('{ media { label } best { label } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. catalogue: {media{__typename id title}}
      2. reviews: {best{__typename id}}
      3. catalogue, after 2: best {...on Media{__typename title}}
      4. reviews, after 1 and 2 and 3: media.@ {...on Media{label}}; best {...on Media{label}}"
    `);
    expect(answer).toEqual({ data: { media: [{ label: '<Emma>' }, { label: '<Heat>' }], best: { label: '<Heat>' } } });
    expect(calls.toSorted()).toEqual(['catalogue', 'catalogue', 'reviews', 'reviews']);
    expect(JSON.stringify(requests.at(-1)?.variables)).not.toMatch(/Book|Film/u);
  });

  it('is asked of all types for what needs nothing of them, where one type alone has what another field requires', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls } = await shop.ask('{ media { stars ... on Book { label } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. catalogue: {media{__typename id ...on Book{__typename id title}}}
      2. reviews, after 1: media.@ {...on Media{stars}}; media.@ {...on Media{label}}"
    `);
    expect(answer).toEqual({ data: { media: [{ stars: 4, label: '<Emma>' }, { stars: 5 }] } });
    expect(calls).toEqual(['catalogue', 'reviews']);
  });
});

describe('an interface object that cannot be resolved', () => {
  it('is null with an error', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { plan, answer, calls } = await shop.ask('{ lost { __typename id stars } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. reviews: {lost{__typename id stars}}
      2. catalogue, after 1: lost {...on Media{__typename}}"
    `);
    expect(answer).toEqual({
      data: { lost: null },
      errors: [{ message: 'The value of Query.lost does not fit its type Media.', path: ['lost'] }],
    });
    expect(calls).toEqual(['reviews', 'catalogue']);
  });

  it('is null with an error at its place in a list, and only there', async () => {
    const shop = await openFeature({ catalogue, reviews });
    const { answer } = await shop.ask('{ reviews { text maybe { ... on Book { pages } } } }');
    expect(answer).toEqual({
      data: {
        reviews: [
          { text: 'fine', maybe: null },
          { text: 'long', maybe: { pages: 9 } },
        ],
      },
      errors: [{ message: 'The value of Review.maybe does not fit its type Media.', path: ['reviews', 0, 'maybe'] }],
    });
  });

  it('is a silent null in the stock gateway', async () => {
    const shop = await openFeature({ catalogue, reviews });
    expect(await shop.askStock('{ lost { __typename id stars } }')).toEqual({ data: { lost: null } });
  });
});
