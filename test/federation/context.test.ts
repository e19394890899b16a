import { describe, expect, it } from 'vitest';
import { rememberingCache } from '../support/remembering-cache.ts';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@context", "@fromContext",
  "@external", "@shareable"])`;

/** Posts with a title; the subgraph that contexts need beside their own. */
const titles: TestSubgraph = {
  sdl: `${link} type Query { titles: Int } type Post @key(fields: "id") { id: ID! title: String }`,
  resolvers: { Post: { title: ({ id }: { id: string }) => `title ${id}` } },
};

interface PriceArguments {
  readonly currency: string | null;
  readonly times?: number;
}

const price = ({ id }: { id: string }, { currency, times = 1 }: PriceArguments): string =>
  `${id} in ${String(currency)}${' again'.repeat(times - 1)}`;

function shopWith(users: readonly object[]): Readonly<Record<string, TestSubgraph>> {
  return {
    shop: {
      sdl: `${link} type Query { users: [User] user: User }
        type User @key(fields: "id") @context(name: "user") { id: ID! currency: String posts: [Post] best: Post friend: User }
        type Post @key(fields: "id") {
          id: ID! price(times: Int, currency: String @fromContext(field: "$user { currency }")): String next: Post }`,
      resolvers: { Query: { users: () => users, user: () => users[0] }, Post: { price } },
    },
    titles,
  };
}

const inEuro = { id: 'u1', currency: 'EUR', posts: [{ id: 'a' }, { id: 'b' }], best: { id: 'a' } };
const inPound = { id: 'u2', currency: 'GBP', posts: [{ id: 'a' }, { id: 'c' }], best: { id: 'b' } };

describe('@fromContext', () => {
  it('hands each entity the value of the object it stands under', async () => {
    const shop = await openFeature(shopWith([inEuro, inPound]));
    const { plan, answer, calls, requests } = await shop.ask('{ users { posts { price title } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. shop: {users{__typename currency posts{__typename id}}}
      2. titles, after 1: users.@.posts.@ {...on Post{title}}
      3. shop, after 1: users.@.posts.@ {...on Post{price(currency:$contextualArgument_1_0)}} with $contextualArgument_1_0 from ../User/currency"
    `);
    expect(answer).toEqual({
      data: {
        users: [
          {
            posts: [
              { price: 'a in EUR', title: 'title a' },
              { price: 'b in EUR', title: 'title b' },
            ],
          },
          {
            posts: [
              { price: 'a in GBP', title: 'title a' },
              { price: 'c in GBP', title: 'title c' },
            ],
          },
        ],
      },
    });
    expect(calls.toSorted()).toEqual(['shop', 'shop', 'titles']);
    expect(requests.filter(({ subgraph }) => subgraph === 'shop').at(-1)).toMatchInlineSnapshot(`
      {
        "query": "query($contextualArgument_1_0_0:String,$_r0:[_Any!]!,$contextualArgument_1_0_1:String,$_r1:[_Any!]!){_e0:_entities(representations:$_r0){...on Post{price(currency:$contextualArgument_1_0_0)}} _e1:_entities(representations:$_r1){...on Post{price(currency:$contextualArgument_1_0_1)}}}",
        "subgraph": "shop",
        "variables": {
          "_r0": [
            {
              "__typename": "Post",
              "id": "a",
            },
            {
              "__typename": "Post",
              "id": "b",
            },
          ],
          "_r1": [
            {
              "__typename": "Post",
              "id": "a",
            },
            {
              "__typename": "Post",
              "id": "c",
            },
          ],
          "contextualArgument_1_0_0": "EUR",
          "contextualArgument_1_0_1": "GBP",
        },
      }
    `);
  });

  it('asks once about one entity that stands under equal values', async () => {
    const shop = await openFeature(shopWith([inEuro, { ...inPound, currency: 'EUR' }]));
    const { answer, requests } = await shop.ask('{ users { posts { price } best { price } } }');
    expect(answer.data).toEqual({
      users: [
        { posts: [{ price: 'a in EUR' }, { price: 'b in EUR' }], best: { price: 'a in EUR' } },
        { posts: [{ price: 'a in EUR' }, { price: 'c in EUR' }], best: { price: 'b in EUR' } },
      ],
    });
    expect(requests).toHaveLength(2);
    expect(requests[1]?.variables).toEqual({
      _r0: ['a', 'b', 'c'].map((id) => ({ __typename: 'Post', id })),
      contextualArgument_1_0: 'EUR',
    });
  });

  it('hands over null', async () => {
    const shop = await openFeature(shopWith([{ ...inEuro, currency: null }, inPound]));
    const { answer } = await shop.ask('{ users { best { price } } }');
    expect(answer).toEqual({ data: { users: [{ best: { price: 'a in null' } }, { best: { price: 'b in GBP' } }] } });
  });

  it('goes beside arguments and variables of the client', async () => {
    const shop = await openFeature(shopWith([inEuro, inPound]));
    const { answer } = await shop.ask(
      'query ($n: Int) { users { a: best { price(times: $n) } best { price(times: 3) once: price } } }',
      {
        n: 2,
      },
    );
    expect(answer).toMatchInlineSnapshot(`
      {
        "data": {
          "users": [
            {
              "a": {
                "price": "a in EUR again",
              },
              "best": {
                "once": "a in EUR",
                "price": "a in EUR again again",
              },
            },
            {
              "a": {
                "price": "b in GBP again",
              },
              "best": {
                "once": "b in GBP",
                "price": "b in GBP again again",
              },
            },
          ],
        },
      }
    `);
  });

  it('is told that a variable has the name of one of its own', async () => {
    const shop = await openFeature(shopWith([inEuro]));
    const query = 'query ($contextualArgument_1_0: Int) { user { best { price(times: $contextualArgument_1_0) } } }';
    await expect(shop.ask(query)).rejects.toThrow('Expected another name for the variable "$contextualArgument_1_0".');
  });

  it('cannot be chosen by the client', async () => {
    const shop = await openFeature(shopWith([inEuro]));
    const { errors } = await shop.askInvalid('{ user { best { price(currency: "USD") } } }');
    expect(errors?.map(({ message }) => message)).toEqual(['Unknown argument "currency" on field "Post.price".']);
  });

  it('asks nothing about an entity whose value never arrived', async () => {
    const { shop, ...others } = shopWith([]);
    const broken = await openFeature({
      ...others,
      shop: {
        sdl: shop?.sdl ?? '',
        answer: ({ query }) => {
          if (query.includes('_entities')) throw new Error('Expected no question');
          return { data: { user: { __typename: 'User', best: { __typename: 'Post', id: 'a' } } } };
        },
      },
    });
    const { answer, calls } = await broken.ask('{ user { best { price } } }');
    expect(answer).toMatchInlineSnapshot(`
      {
        "data": {
          "user": {
            "best": {
              "price": null,
            },
          },
        },
        "errors": [
          {
            "message": "A subgraph was not asked, because a field it needs is missing from the answer of another.",
            "path": [
              "user",
              "best",
              "price",
            ],
          },
        ],
      }
    `);
    expect(calls).toEqual(['shop']);
  });

  it('takes the value from another subgraph, also for what is nested in one fetch', async () => {
    const shop = await openFeature({
      users: {
        sdl: `${link} type Query { users: [User] } type User @key(fields: "id") { id: ID! currency: String }`,
        resolvers: {
          Query: { users: () => [inEuro, inPound] },
          User: { currency: ({ currency }: { currency: string }) => currency },
        },
      },
      posts: {
        sdl: `${link} type User @key(fields: "id") @context(name: "user") { id: ID! currency: String @external posts: [Post] }
          type Post @key(fields: "id") { id: ID! price(currency: String @fromContext(field: "$user { currency }")): String next: Post }`,
        resolvers: {
          User: { posts: () => [{ id: 'a', next: { id: 'b', next: { id: 'c' } } }] },
          Post: { price },
        },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ users { posts { price next { price } } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {users{__typename id currency}}
      2. posts, after 1: users.@ {...on User{posts{price(currency:$contextualArgument_1_0)next{price(currency:$contextualArgument_1_0)}}}} with $contextualArgument_1_0 from currency"
    `);
    expect(answer).toMatchInlineSnapshot(`
      {
        "data": {
          "users": [
            {
              "posts": [
                {
                  "next": {
                    "price": "b in EUR",
                  },
                  "price": "a in EUR",
                },
              ],
            },
            {
              "posts": [
                {
                  "next": {
                    "price": "b in GBP",
                  },
                  "price": "a in GBP",
                },
              ],
            },
          ],
        },
      }
    `);
    expect(calls).toEqual(['users', 'posts']);
  });

  it('of a higher level keeps apart one entity that is met in two places', async () => {
    const group = (currency: string) => ({ id: currency, currency, members: [{ id: 'm' }, { id: 'n' }] });
    const shop = await openFeature({
      groups: {
        sdl: `${link} type Query { groups: [Group] } type Group @key(fields: "id") @context(name: "group") { id: ID! currency: String members: [Member] }
          type Member @key(fields: "id") { id: ID! }
          type Post @key(fields: "id") { id: ID! price(currency: String @fromContext(field: "$group { currency }")): String }`,
        resolvers: { Query: { groups: () => [group('EUR'), group('GBP')] }, Post: { price } },
      },
      members: {
        sdl: `${link} type Member @key(fields: "id") { id: ID! post: Post posts: [Post] } type Post @key(fields: "id") { id: ID! title: String }`,
        resolvers: {
          Member: {
            post: ({ id }: { id: string }) => ({ id: `p${id}` }),
            posts: ({ id }: { id: string }) => [{ id: `q${id}` }],
          },
          Post: { title: ({ id }: { id: string }) => `title ${id}` },
        },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ groups { members { post { price title } posts { price } } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. groups: {groups{__typename currency members{__typename id}}}
      2. members, after 1: groups.@.members.@ {...on Member{post{__typename id title}posts{__typename id}}}
      3. groups, after 1 and 2: groups.@.members.@.post and groups.@.members.@.posts.@ {...on Post{price(currency:$contextualArgument_1_0)}} with $contextualArgument_1_0 from ../../Group/currency"
    `);
    const member = (id: string, currency: string) => ({
      post: { price: `p${id} in ${currency}`, title: `title p${id}` },
      posts: [{ price: `q${id} in ${currency}` }],
    });
    expect(answer).toEqual({
      data: {
        groups: [
          { members: [member('m', 'EUR'), member('n', 'EUR')] },
          { members: [member('m', 'GBP'), member('n', 'GBP')] },
        ],
      },
    });
    expect(calls).toEqual(['groups', 'members', 'groups']);
  });

  it('on a union and on an interface takes the value of the type that is there', async () => {
    const shop = await openFeature({
      things: {
        sdl: `${link} type Query { things: [Thing] nodes: [Node] }
          union Thing @context(name: "thing") = A | B
          type A @key(fields: "id") { id: ID! tint: String part: Part } type B @key(fields: "id") { id: ID! shade: String part: Part }
          interface Node @context(name: "node") { id: ID! tag: String leaf: Leaf }
          type C implements Node @key(fields: "id") { id: ID! tag: String leaf: Leaf }
          type D implements Node @key(fields: "id") { id: ID! tag: String leaf: Leaf }
          type Part @key(fields: "id") { id: ID! tone(of: String @fromContext(field: "$thing ... on A { tint } ... on B { shade }")): String }
          type Leaf @key(fields: "id") { id: ID! tag(of: String @fromContext(field: "$node { tag }")): String }`,
        resolvers: {
          Query: {
            things: () => [
              { __typename: 'A', id: 'a', tint: 'red', part: { id: 'p' } },
              { __typename: 'B', id: 'b', shade: 'blue', part: { id: 'p' } },
            ],
            nodes: () => [
              { __typename: 'C', id: 'c', tag: 'tag c', leaf: { id: 'l' } },
              { __typename: 'D', id: 'd', tag: 'tag d', leaf: { id: 'l' } },
            ],
          },
          Part: { tone: ({ id }: { id: string }, { of }: { of: string }) => `${id} of ${of}` },
          Leaf: { tag: ({ id }: { id: string }, { of }: { of: string }) => `${id} of ${of}` },
        },
      },
      titles,
    });
    const { plan, answer } = await shop.ask(
      '{ things { ... on A { part { tone } } ... on B { part { tone } } } nodes { leaf { tag } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. things: {things{__typename ...on A{__typename tint part{__typename id}}...on B{__typename shade part{__typename id}}}nodes{__typename tag leaf{__typename id}}}
      2. things, after 1: things.@.part {...on Part{tone(of:$contextualArgument_1_1)}} with $contextualArgument_1_1 from ../A/tint or ../B/shade; nodes.@.leaf {...on Leaf{tag(of:$contextualArgument_1_0)}} with $contextualArgument_1_0 from ../C/tag or ../D/tag"
    `);
    expect(answer).toEqual({
      data: {
        things: [{ part: { tone: 'p of red' } }, { part: { tone: 'p of blue' } }],
        nodes: [{ leaf: { tag: 'l of tag c' } }, { leaf: { tag: 'l of tag d' } }],
      },
    });
  });

  it('reads a list out of objects, null where one has none', async () => {
    const shop = await openFeature({
      shop: {
        sdl: `${link} type Query { user: User } type Mutation { join: User } type Flag { name: String }
          type User @key(fields: "id") @context(name: "user") { id: ID! flags: [Flag] post: Post }
          type Post @key(fields: "id") { id: ID! seen(by: [String] @fromContext(field: "$user { flags { name } }")): String }`,
        resolvers: {
          Query: { user: () => ({ id: 'u', flags: null, post: { id: 'p' } }) },
          Mutation: { join: () => ({ id: 'v', flags: [{ name: 'a' }, null, { name: null }], post: { id: 'p' } }) },
          Post: { seen: (_: unknown, { by }: { by: unknown }) => JSON.stringify(by) },
        },
      },
      titles,
    });
    expect((await shop.ask('{ user { post { seen } } }')).answer).toEqual({
      data: { user: { post: { seen: 'null' } } },
    });
    expect((await shop.ask('mutation { join { post { seen } } }')).answer).toEqual({
      data: { join: { post: { seen: '["a",null,null]' } } },
    });
  });

  it('asks in one request under however many values', async () => {
    const users = Array.from({ length: 300 }, (_, index) => ({
      id: `${index}`,
      currency: `C${index}`,
      best: { id: 'p' },
    }));
    const shop = await openFeature(shopWith(users));
    const { answer, calls } = await shop.ask('{ users { best { price } } }');
    expect(answer).toEqual({ data: { users: users.map(({ currency }) => ({ best: { price: `p in ${currency}` } })) } });
    expect(calls).toEqual(['shop', 'shop']);
  });

  it('of a field with arguments is the one it names, whatever else is asked of that field', async () => {
    const shop = await openFeature({
      shop: {
        sdl: `${link} type Query { user: User }
          type User @key(fields: "id") @context(name: "user") { id: ID! locale(of: Int): String post: Post }
          type Post @key(fields: "id") { id: ID! own(l: String @fromContext(field: "$user { locale }")): String
            other(l: String @fromContext(field: "$user { locale(of: 2) }")): String
            typed(l: String @fromContext(field: "$user ... on User { locale(of: 3) }")): String }`,
        resolvers: {
          Query: { user: () => ({ id: 'u', post: { id: 'p' } }) },
          User: { locale: (_: unknown, { of = 0 }: { of?: number }) => `locale ${of}` },
          Post: {
            own: (_: unknown, { l }: { l: string }) => l,
            other: (_: unknown, { l }: { l: string }) => l,
            typed: (_: unknown, { l }: { l: string }) => l,
          },
        },
      },
      titles,
    });
    const { plan, answer, calls } = await shop.ask('{ user { locale(of: 1) post { own other typed } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. shop: {user{__typename required_0_locale:locale required_1_locale:locale(of:2)required_2_locale:locale(of:3)locale(of:1)post{__typename id}}}
      2. shop, after 1: user.post {...on Post{own(l:$contextualArgument_1_1)other(l:$contextualArgument_1_0)typed(l:$contextualArgument_1_2)}} with $contextualArgument_1_2 from ../User/required_2_locale with $contextualArgument_1_0 from ../User/required_1_locale with $contextualArgument_1_1 from ../User/required_0_locale"
    `);
    expect(answer).toEqual({
      data: { user: { locale: 'locale 1', post: { own: 'locale 0', other: 'locale 2', typed: 'locale 3' } } },
    });
    expect(calls).toEqual(['shop', 'shop']);
  });

  it('is part of what the entity cache knows an answer by', async () => {
    const cache = rememberingCache();
    const shop = await openFeature(shopWith([inEuro, { ...inPound, best: inEuro.best }]), { createCache: () => cache });
    await shop.ask('{ users { best { price } } }');
    const [first, second, ...more] = cache.lookups.filter(({ isRoot }) => !isRoot);
    expect(first?.representations).toEqual(second?.representations);
    expect(first?.contexts).not.toEqual(second?.contexts);
    expect(more).toEqual([]);
  });

  it('puts errors where they belong', async () => {
    const { shop, ...others } = shopWith([inEuro, inPound]);
    const failing = await openFeature({
      ...others,
      shop: {
        sdl: shop?.sdl ?? '',
        resolvers: {
          ...shop?.resolvers,
          Post: {
            price: ({ id }: { id: string }, { currency }: PriceArguments) => {
              if (`${id}${String(currency)}` === 'aGBP') throw new Error('no pounds');
              return `${id} in ${String(currency)}`;
            },
          },
        },
      },
    });
    const { answer } = await failing.ask('{ users { posts { price } } }');
    expect(answer).toEqual({
      data: {
        users: [
          { posts: [{ price: 'a in EUR' }, { price: 'b in EUR' }] },
          { posts: [{ price: null }, { price: 'c in GBP' }] },
        ],
      },
      errors: [{ message: 'no pounds', path: ['users', 1, 'posts', 0, 'price'] }],
    });
  });
});
