import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `scalar JSON scalar Date type Query { user(id: ID = "1"): User users(role: Role = GUEST): [User!]! }
    enum Role { ADMIN GUEST SPY @inaccessible }
    type User @key(fields: "id at") { id: ID! at: Date! role: Role roles: [Role!] settings(patch: JSON): JSON }`,
  resolvers: {
    Query: {
      user: (_: unknown, { id }: { id: string }) => ({
        id,
        at: '2026-01-02',
        role: id === '7' ? 'SPY' : 'ADMIN',
        roles: ['GUEST', id === '7' ? 'SPY' : 'ADMIN'],
      }),
      users: (_: unknown, { role }: { role: string }) => [{ id: '1', at: 5, role }],
    },
    User: {
      settings: (_: unknown, { patch }: { patch?: unknown }) => patch ?? { a: [1, null, { b: 'x' }], __typename: 'No' },
    },
  },
};
const logs: TestSubgraph = {
  sdl: `scalar Date scalar JSON enum Role { ADMIN GUEST SPY @inaccessible }
    type User @key(fields: "id at") { id: ID! at: Date! role: Role @external key: JSON may: Boolean @requires(fields: "role") big: Float }`,
  resolvers: {
    User: {
      key: ({ id, at }: { id: string; at: unknown }) => ({ id, at }),
      may: ({ role }: { role: string }) => role !== 'GUEST',
      big: () => 1e21,
    },
  },
};

describe('custom scalars', () => {
  it('pass through whatever JSON they are, also as keys', async () => {
    const shop = await openFeature({ users, logs });
    const { plan, answer, calls } = await shop.ask('{ user { at settings key big } users { at key } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {user{__typename id at settings}users{__typename id at}}
      2. logs, after 1: user {...on User{key big}}; users.@ {...on User{key}}"
    `);
    expect(answer).toEqual({
      data: {
        user: {
          at: '2026-01-02',
          settings: { a: [1, null, { b: 'x' }], __typename: 'No' },
          key: { id: '1', at: '2026-01-02' },
          big: 1e21,
        },
        users: [{ at: 5, key: { id: '1', at: 5 } }],
      },
    });
    expect(calls).toEqual(['users', 'logs']);
  });

  it('take variables and literals in', async () => {
    const shop = await openFeature({ users, logs });
    const { answer } = await shop.ask(
      'query ($p: JSON, $s: String) { user { settings(patch: $p) other: settings(patch: { a: [1, "x", $s] }) } }',
      { p: { deep: [{ n: null }] }, s: 'y' },
    );
    expect(answer).toEqual({ data: { user: { settings: { deep: [{ n: null }] }, other: { a: [1, 'x', 'y'] } } } });
  });
});

describe('enums', () => {
  it('are handed on by name', async () => {
    const shop = await openFeature({ users, logs });
    const { plan, answer, calls } = await shop.ask('query ($r: Role) { users(role: $r) { role may } user { roles } }', {
      r: 'ADMIN',
    });
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {users(role:$r){__typename id at role}user{roles}}
      2. logs, after 1: users.@ {...on User{may}}"
    `);
    expect(answer).toEqual({ data: { users: [{ role: 'ADMIN', may: true }], user: { roles: ['GUEST', 'ADMIN'] } } });
    expect(calls).toEqual(['users', 'logs']);
  });

  it('that are inaccessible are null with an error in answers, and still serve @requires', async () => {
    const shop = await openFeature({ users, logs });
    expect((await shop.ask('{ user(id: 7) { role may } }')).answer).toEqual({
      data: { user: { role: null, may: true } },
      errors: [{ message: 'The value of User.role does not fit its type Role.', path: ['user', 'role'] }],
    });
    expect((await shop.ask('{ user(id: 7) { id roles } }')).answer).toEqual({
      data: { user: { id: '7', roles: null } },
      errors: [{ message: 'The value of User.roles does not fit its type Role.', path: ['user', 'roles', 1] }],
    });
  });

  it('that are inaccessible or unknown are refused in questions', async () => {
    const shop = await openFeature({ users, logs });
    expect((await shop.askInvalid('{ users(role: SPY) { id } }')).errors?.[0]?.message).toBe(
      'Value "SPY" does not exist in "Role" enum.',
    );
    const { errors } = await shop.askInvalid('query ($r: Role) { users(role: $r) { id } }', { r: 'SPY' });
    expect(errors).toEqual([
      { message: 'Variable "$r" got invalid value "SPY"; Value "SPY" does not exist in "Role" enum.', path: undefined },
    ]);
  });
});
