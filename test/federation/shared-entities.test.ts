import { expect, it } from 'vitest';
import { openFeature } from './feature.ts';

const user = { __typename: 'User', id: '1' };

it('an entity at two places keeps what only one of them asks', async () => {
  const feature = await openFeature({
    places: {
      sdl: `
        type Query { as: [A] bs: [B] me: User }
        type A { user: User }
        type B { user: User }
        type User @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { as: () => [{ user }], bs: () => [{ user }], me: () => user } },
    },
    names: {
      sdl: 'type User @key(fields: "id") { id: ID! name: String! boss: User }',
      resolvers: { User: { name: () => 'Ann', boss: () => user } },
    },
    tags: {
      sdl: `
        type User @key(fields: "id") { id: ID! nick: String tags: [Tag] }
        type Tag { text: String of: User }`,
      resolvers: { User: { nick: () => 'A', tags: () => [{ text: 'new', of: user }] } },
    },
  });
  // The boss's nick makes the tags, which only need a key, wait for the names: equal users have become one by then.
  const { answer } = await feature.ask(
    '{ as { user { name tags { text } } } bs { user { name tags { of { id } } } } me { boss { nick } } }',
  );
  expect(answer).toEqual({
    data: {
      as: [{ user: { name: 'Ann', tags: [{ text: 'new' }] } }],
      bs: [{ user: { name: 'Ann', tags: [{ of: { id: '1' } }] } }],
      me: { boss: { nick: 'A' } },
    },
  });
});
