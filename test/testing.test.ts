import { afterAll, beforeAll, expect, it } from 'vitest';
import { rule, shield } from '../src/authorization/shield.ts';
import type { RequestContext } from '../src/core/request-context.ts';
import { createTestGateway } from '../src/testing.ts';
import type { TestGateway } from '../src/testing.ts';

const isAdmin = rule('admin')(
  (_, __, { principal }: RequestContext) => principal?.roles.includes('admin') === true || 'For admins',
);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await createTestGateway(
    {
      users: {
        sdl: 'type Query { me: User } type User { name: String salary: Int }',
        resolvers: { Query: { me: () => ({ name: 'Ann', salary: 3 }) } },
      },
    },
    { rules: shield({ User: { salary: isAdmin } }) },
  );
});
afterAll(() => gateway.stop());

it('lets users of rules say who sees what', async () => {
  const query = '{ me { name salary } }';
  expect(await gateway.as({ roles: ['admin'] }).ask(query)).toEqual({ data: { me: { name: 'Ann', salary: 3 } } });
  for (const principal of [null, { roles: ['clerk'] }]) {
    expect(await gateway.as(principal).ask(query)).toEqual({
      data: { me: { name: 'Ann', salary: null } },
      errors: [expect.objectContaining({ path: ['me', 'salary'], extensions: { code: 'FORBIDDEN' } })],
    });
  }
});

it('prints the access matrix to be kept as a snapshot', async () => {
  expect(await gateway.accessMatrix({ boss: { roles: ['admin', 'boss'] } })).toMatchInlineSnapshot(`
    "             anonymous  signed in  role admin  boss
    User.salary  no         no         yes         yes

    No rule covers:
      Query: me
      User: name"
  `);
});
