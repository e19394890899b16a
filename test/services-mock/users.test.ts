import DataLoader from 'dataloader';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createUsersService } from '../../services-mock/users/service.ts';
import { ask, codesOf, entities } from './support/ask.ts';

describe('the users subgraph', () => {
  it('knows who asks by the token, and nobody without or with an unreadable one', async () => {
    const service = createUsersService();
    expect(await ask(service, '{ me { id name } }', { as: '1' })).toEqual({
      data: { me: { id: '1', name: 'Ann Archer' } },
    });
    for (const headers of [{}, { authorization: 'Bearer garbage' }, { authorization: 'Basic x' }]) {
      const contextValue = service.createContext(headers);
      expect(contextValue.customerId).toBeUndefined();
    }
    expect((await ask(service, '{ me { id } }')).data).toEqual({ me: null });
    expect((await ask(service, '{ me { id } }', { as: 'stranger' })).data).toEqual({ me: null });
  });

  it('resolves references in one batch, null for an unknown user', async () => {
    const service = createUsersService();
    const batches: (readonly string[])[] = [];
    const context = service.createContext({});
    const userById = new DataLoader(async (ids: readonly string[]) => {
      batches.push(ids);
      return Promise.all(ids.map((id) => context.userById.load(id)));
    });
    const representations = ['7', '8', '7', 'none'].map((id) => ({ __typename: 'User', id }));
    const { data } = await graphql({
      schema: service.schema,
      source: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id name } } }',
      contextValue: { ...context, userById },
      variableValues: { r: representations },
    });
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      _entities: [{ id: '7', name: 'Cleo Abel' }, { id: '8', name: 'Dana Abel' }, { id: '7', name: 'Cleo Abel' }, null],
    });
    expect(batches).toEqual([['7', '8', 'none']]);
  });

  it('pages through its users', async () => {
    const service = createUsersService();
    const query =
      'query ($after: String) { users(first: 2, after: $after) { totalCount edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }';
    const first = await ask(service, query);
    expect(first.data).toMatchObject({
      users: {
        totalCount: 1_000,
        edges: [{ node: { id: '1' } }, { node: { id: '2' } }],
        pageInfo: { hasNextPage: true },
      },
    });
    const after = /"endCursor":"([^"]+)"/.exec(JSON.stringify(first.data))?.[1];
    expect((await ask(service, query, { variables: { after } })).data).toMatchObject({
      users: { edges: [{ node: { id: '3' } }, { node: { id: '4' } }] },
    });
    expect(codesOf(await ask(service, '{ users(first: 0) { totalCount } }'))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await ask(service, '{ users(after: "x") { totalCount } }'))).toEqual(['BAD_USER_INPUT']);
  });

  it('changes only what a profile update names, and only here', async () => {
    const service = createUsersService();
    const update = `mutation {
      updateProfile(input: { name: " Ann Baker ", address: { street: "1 Mill Lane", postcode: "9000", city: "Ghent", country: "BE" } }) { name email }
    }`;
    expect(await ask(service, update, { as: '1' })).toEqual({
      data: { updateProfile: { name: 'Ann Baker', email: 'ann@shop.example' } },
    });
    expect(
      (await entities(service, '... on User { name address { city country } }', [{ __typename: 'User', id: '1' }]))
        .data,
    ).toEqual({ _entities: [{ name: 'Ann Baker', address: { city: 'Ghent', country: 'BE' } }] });
    expect((await ask(createUsersService(), '{ user(id: "1") { name } }')).data).toEqual({
      user: { name: 'Ann Archer' },
    });
  });

  it.each([
    ['{}', 'must be given'],
    ['{ name: "  " }', '"name" must have 1 to 100 characters'],
    ['{ email: "nonsense" }', '"email" must look like'],
    ['{ email: "BOB@shop.example" }', 'belongs to another customer'],
    ['{ address: { street: "x", postcode: "1", city: "y", country: "Belgium" } }', 'two capital letters'],
  ])('refuses the profile %s', async (input, message) => {
    const result = await ask(createUsersService(), `mutation { updateProfile(input: ${input}) { id } }`, { as: '1' });
    expect(codesOf(result)).toEqual(['BAD_USER_INPUT']);
    expect(result.errors?.[0]?.message).toContain(message);
  });

  it('updates nobody without a customer', async () => {
    const update = 'mutation { updateProfile(input: { name: "x" }) { id } }';
    expect(codesOf(await ask(createUsersService(), update))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await ask(createUsersService(), update, { as: 'stranger' }))).toEqual(['NOT_FOUND']);
  });
});
