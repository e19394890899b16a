import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String age: Int }',
  resolvers: { Query: { me: () => ({ id: '1', name: 'Ann', age: 30 }) } },
};
const posts: TestSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! name: String @external posts(first: Int): [Post!] greeting: String @requires(fields: "name") rank: Int }
    type Post { text: String }`,
  resolvers: {
    User: {
      posts: (_: unknown, { first }: { first?: number }) => [{ text: 'a' }, { text: 'b' }].slice(0, first ?? 2),
      greeting: ({ name }: { name: string }) => `hi ${name}`,
      rank: () => 1,
    },
  },
};

describe('@skip and @include', () => {
  it('on the only field of a fetch decide about the call', async () => {
    const shop = await openFeature({ users, posts });
    const query = 'query ($yes: Boolean!) { me { name posts @include(if: $yes) { text } } }';
    const yes = await shop.ask(query, { yes: true });
    expect(yes.plan).toMatchInlineSnapshot(`
      "1. users: {me{__typename id name}}
      2. posts, after 1: me {...on User{posts{text}}}"
    `);
    expect(yes.answer).toEqual({ data: { me: { name: 'Ann', posts: [{ text: 'a' }, { text: 'b' }] } } });
    expect(yes.calls).toEqual(['users', 'posts']);
    const no = await shop.ask(query, { yes: false });
    expect(no.plan).toMatchInlineSnapshot(`"1. users: {me{name}}"`);
    expect(no.answer).toEqual({ data: { me: { name: 'Ann' } } });
    expect(no.calls).toEqual(['users']);
  });

  it.each([
    [{ a: true, b: true }, {}],
    [{ a: true, b: false }, { rank: 1 }],
    [{ a: false, b: true }, { greeting: 'hi Ann' }],
    [
      { a: false, b: false },
      { greeting: 'hi Ann', rank: 1 },
    ],
  ])('with variables of their own combine: %o', async (variables, me) => {
    const shop = await openFeature({ users, posts });
    const { answer, calls } = await shop.ask(
      'query ($a: Boolean!, $b: Boolean!) { me { greeting @skip(if: $a) rank @skip(if: $b) } }',
      variables,
    );
    expect(answer).toEqual({ data: { me } });
    // A fetch of which several conditions leave out everything is not sent.
    expect(calls).toEqual(variables.a && variables.b ? ['users'] : ['users', 'posts']);
  });

  it('leave a field in for its @requires alone, also inside of what else is asked of it', async () => {
    const shop = await openFeature({
      parcels: {
        sdl: `type Query { parcel: Parcel }
          type Parcel @key(fields: "id") { id: ID! size: Size } type Size @shareable { width: Int height: Int }`,
        resolvers: { Query: { parcel: () => ({ id: '1', size: { width: 2, height: 3 } }) } },
      },
      shipping: {
        sdl: `type Parcel @key(fields: "id") { id: ID! size: Size @external fee: Int @requires(fields: "size { width height }") }
          type Size @shareable { width: Int height: Int }`,
        resolvers: {
          Parcel: {
            fee: ({ size }: { size: { width?: number; height?: number } }) => (size.width ?? -9) + (size.height ?? -9),
          },
        },
      },
    });
    const query = `query ($a: Boolean!, $b: Boolean!) { parcel { size { width @include(if: $a) ... @skip(if: $b) { height } } fee @include(if: $b) } }`;
    const { plan, answer } = await shop.ask(query, { a: false, b: true });
    expect(plan).toMatchInlineSnapshot(`
      "1. parcels: {parcel{__typename id size{__typename width height}}}
      2. shipping, after 1: parcel {...on Parcel{fee}}"
    `);
    expect(answer).toEqual({ data: { parcel: { size: {}, fee: 5 } } });
    expect((await shop.ask(query, { a: true, b: true })).answer.data).toEqual({
      parcel: { size: { width: 2 }, fee: 5 },
    });
    expect((await shop.ask(query, { a: true, b: false })).answer.data).toEqual({
      parcel: { size: { width: 2, height: 3 } },
    });
  });

  it('both on one field, on fragments and on nested ones, hold together', async () => {
    const shop = await openFeature({ users, posts });
    const query = `query ($a: Boolean = true, $b: Boolean = false) { me {
      ... @include(if: $a) { age ... on User @skip(if: $b) { posts(first: 1) { text @include(if: $a) @skip(if: $a) __typename } } }
      ...F @skip(if: $a)
    } } fragment F on User { name rank }`;
    expect((await shop.ask(query)).answer).toEqual({ data: { me: { age: 30, posts: [{ __typename: 'Post' }] } } });
    expect((await shop.ask(query, { a: false })).answer).toEqual({ data: { me: { name: 'Ann', rank: 1 } } });
    expect((await shop.ask(query, { a: true, b: true })).answer).toEqual({ data: { me: { age: 30 } } });
  });

  it('that are constant leave nothing to decide', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask('{ me { name rank @include(if: false) age @skip(if: false) } }');
    expect(plan).toMatchInlineSnapshot(`"1. users: {me{name age}}"`);
    expect(answer).toEqual({ data: { me: { name: 'Ann', age: 30 } } });
    expect(calls).toEqual(['users']);
  });

  it('that leave everything out leave an empty object', async () => {
    const shop = await openFeature({ users, posts });
    const query = 'query ($no: Boolean!) { me @include(if: $no) { name } }';
    expect((await shop.ask(query, { no: false })).answer).toEqual({ data: {} });
    expect((await shop.ask('query ($no: Boolean!) { me { name @include(if: $no) } }', { no: false })).answer).toEqual({
      data: { me: {} },
    });
  });

  it('that leave everything out still tell null from an empty object, and the length of a list', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer } = await shop.ask(
      `query ($no: Boolean!) { me { posts { ...F @include(if: $no) ... on Post { ...F @skip(if: true) } } } } fragment F on Post { text }`,
      { no: false },
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {me{__typename id}}
      2. posts, after 1: me {...on User{posts{__typename}}}"
    `);
    expect(answer).toEqual({ data: { me: { posts: [{}, {}] } } });
  });

  it('of which one is null are refused before anybody is asked', async () => {
    const shop = await openFeature({ users, posts });
    const { errors } = await shop.askInvalid('query ($a: Boolean = true) { me { name @include(if: $a) } }', {
      a: null,
    });
    expect(errors).toHaveLength(1);
  });
});

describe('a selection set of which nothing applies', () => {
  it('leaves empty objects where there are objects', async () => {
    const shop = await openFeature({
      zoo: {
        sdl: `type Query { animals: [Animal] none: Animal } interface Animal { name: String }
          type Cat implements Animal { name: String } type Dog implements Animal { name: String }`,
        resolvers: {
          Query: { animals: () => [{ __typename: 'Cat' }, null, { __typename: 'Dog' }], none: () => null },
        },
      },
    });
    const { plan, answer } = await shop.ask(
      '{ animals { ... on Cat { ... on Animal { ...D } } } none { ...D ... on Cat { ...D } } } fragment D on Animal { ... on Cat { ... on Animal { ... on Dog { name } } } }',
    );
    expect(plan).toMatchInlineSnapshot(`"1. zoo: {animals{__typename}none{__typename}}"`);
    expect(answer).toEqual({ data: { animals: [{}, null, {}], none: null } });
  });

  it('is left out, wherever a fragment that may apply elsewhere is spread', async () => {
    const shop = await openFeature({
      zoo: {
        sdl: `type Query { resident: Resident } union Resident = Cat | Keeper type Cat { name: String @shareable }
          type Keeper @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { resident: () => ({ __typename: 'Keeper', id: '1' }) } },
      },
      pets: {
        sdl: 'type Cat implements Pet { name: String @shareable } interface Pet { name: String }',
        resolvers: {},
      },
    });
    // The planner throws at a fragment on `Keeper` inside of what only a `Cat` can be.
    const { plan, answer } = await shop.ask(
      '{ resident { __typename ... on Pet { ...R } ...R } } fragment R on Resident { ... on Keeper { id } ...N } fragment N on Cat { name }',
    );
    expect(plan).toMatchInlineSnapshot(`"1. zoo: {resident{__typename ...on Keeper{id}...on Cat{name}}}"`);
    expect(answer).toEqual({ data: { resident: { __typename: 'Keeper', id: '1' } } });
  });
});
