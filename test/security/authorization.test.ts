import { afterEach, expect, it } from 'vitest';
import { deny, rule, shield } from '../../src/authorization/shield.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { doors, startSecretShop } from './shop-of-secrets.ts';
import type { SecretShop } from './shop-of-secrets.ts';

const isAdmin = rule('admin')(
  (_, __, { principal }: RequestContext) => principal?.roles.includes('admin') === true || 'For admins',
);
const tree = {
  User: { ssn: isAdmin, tax: isAdmin, email: isAdmin },
  Review: { secret: isAdmin },
  Mutation: { wipe: isAdmin },
};

let shop: SecretShop | undefined;
afterEach(async () => {
  await shop?.stop();
  shop = undefined;
});

const forbidden = (...paths: (string | number)[][]) =>
  paths.map((path) => expect.objectContaining({ path, extensions: { code: 'FORBIDDEN' }, message: 'For admins' }));

const user = { id: '1', ssn: null };

const denials: [name: string, query: string, data: unknown, errors: unknown[], never: string][] = [
  [
    'A3: a plan made for an admin',
    '{me{id email}}',
    { me: { id: '1', email: null } },
    forbidden(['me', 'email']),
    'email',
  ],
  [
    'A5: a field reached through an interface',
    '{secrets{id ssn}}',
    { secrets: [user, { id: '2', ssn: null }, { id: '3', ssn: 'ssn-3' }] },
    forbidden(['secrets', 0, 'ssn'], ['secrets', 1, 'ssn']),
    'User{ssn',
  ],
  [
    'A5: a fragment on an interface',
    '{node(id:"1"){...on Secret{ssn}}}',
    { node: { ssn: null } },
    forbidden(['node', 'ssn']),
    'User{ssn',
  ],
  ['A5: a union', '{any{...on User{ssn}}}', { any: { ssn: null } }, forbidden(['any', 'ssn']), 'ssn'],
  ['A7: a field computed from a hidden one', '{me{tax}}', { me: { tax: null } }, forbidden(['me', 'tax']), 'ssn'],
  [
    'A9: a denied field that cannot be null',
    '{me{name reviews{secret}}}',
    { me: null },
    forbidden(['me', 'reviews', 0, 'secret']),
    'secret',
  ],
  ['A9: up to the root', '{reviews{id secret}}', null, forbidden(['reviews', 0, 'secret']), 'secret'],
];

for (const door of doors) {
  it.each(denials)(`denies %s (${door})`, async (_, query, data, errors, never) => {
    shop = await startSecretShop(shield(tree));
    const full = await shop.ask({ as: 'admin', query }, door);
    expect(full.errors).toBeUndefined();
    shop.calls.length = 0;
    for (const as of ['nobody', 'ann'] as const) {
      expect(await shop.ask({ as, query }, door)).toEqual({ data, errors });
    }
    expect(shop.calls.join('\n').replaceAll(/\s/g, '')).not.toContain(never);
    expect(await shop.ask({ as: 'admin', query }, door)).toEqual(full);
  });
}

const isOwner = rule('owner', { fragment: '... on User { id }' })(
  (parent: { id: string }, _, { principal }: RequestContext) =>
    parent.id === principal?.subject || principal?.roles.includes('admin') === true || 'For owners',
);
const forOwners = (...path: (string | number)[]) => ({
  message: 'For owners',
  path,
  extensions: { code: 'FORBIDDEN' },
});

it.each(doors)('A4: asks an owner rule about the real id, whatever a client calls its fields (%s)', async (door) => {
  shop = await startSecretShop(shield({ User: { email: isOwner } }));
  expect(await shop.ask({ as: 'ann', query: '{users{id:nickname __atrium:name email}}' }, door)).toHaveProperty(
    'errors',
  );
  expect(await shop.ask({ as: 'ann', query: '{users{id:nickname email}}' }, door)).toEqual({
    data: {
      users: [
        { id: '2', email: 'ann@shop.test' },
        { id: '1', email: null },
      ],
    },
    errors: [forOwners('users', 1, 'email')],
  });
});

it.each(doors)('A10: tells no subgraph error of a field that somebody may not see (%s)', async (door) => {
  shop = await startSecretShop(shield({ User: { ssn: isOwner, tax: isOwner } }));
  const answer = await shop.ask({ as: 'ann', query: '{team{ssn}}' }, door);
  expect(answer).toEqual({
    data: { team: [{ ssn: 'ssn-1' }, { ssn: null }, { ssn: null }] },
    errors: [forOwners('team', 1, 'ssn'), forOwners('team', 2, 'ssn')],
  });
  const told = await shop.ask({ as: 'admin', query: '{team{ssn}}' }, door);
  expect(told.errors).toEqual([
    expect.objectContaining({ path: ['team', 2, 'ssn'], message: expect.stringContaining('cannot decrypt') }),
  ]);
});

it.each(doors)('refuses the whole of an operation where denials reject, and asks nobody (%s)', async (door) => {
  shop = await startSecretShop(shield(tree), { enforcement: 'reject' });
  const answer = await shop.ask({ as: 'ann', query: '{me{id email}}' }, door);
  expect(answer.data).toBeUndefined();
  expect(answer.errors).toEqual([expect.objectContaining({ message: 'For admins' })]);
  expect(shop.calls).toEqual([]);
});

it.each(doors.filter((door) => door !== 'GET'))('A8: sends no mutation beside a denied one (%s)', async (door) => {
  shop = await startSecretShop(shield(tree));
  const query = 'mutation{rename(id:"1",name:"z"){id} wipe}';
  const full = { data: { rename: { id: '1' }, wipe: true } };
  expect(await shop.ask({ as: 'admin', query }, door)).toEqual(full);
  shop.calls.length = 0;
  expect(await shop.ask({ as: 'ann', query }, door)).toEqual({ data: null, errors: forbidden(['wipe']) });
  expect(shop.calls).toEqual([]);
});

it.each(doors)('A6: a fragment of which nothing is left leaves nothing behind (%s)', async (door) => {
  shop = await startSecretShop(shield(tree));
  expect(await shop.ask({ as: 'ann', query: '{me{...F}} fragment F on User{ssn}' }, door)).toEqual({
    data: { me: { ssn: null } },
    errors: forbidden(['me', 'ssn']),
  });
  expect(
    await shop.ask({ as: 'ann', query: '{me{name ...F} node(id:"2"){...F}} fragment F on User{id ssn}' }, door),
  ).toEqual({
    data: { me: { name: 'Ann', id: '1', ssn: null }, node: { id: '2', ssn: null } },
    errors: forbidden(['me', 'ssn'], ['node', 'ssn']),
  });
});

it.each(doors)('A32: a directive under another name denies before anything is fetched (%s)', async (door) => {
  shop = await startSecretShop(shield({}));
  const denial = { path: ['me', 'phone'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } };
  expect(await shop.ask({ as: 'nobody', query: '{me{id phone}}' }, door)).toEqual({
    data: { me: { id: '1', phone: null } },
    errors: [expect.objectContaining(denial)],
  });
  expect(shop.calls.join()).not.toContain('phone');
  expect(await shop.ask({ as: 'ann', query: '{me{id phone}}' }, door)).toEqual({
    data: { me: { id: '1', phone: 'phone-1' } },
  });
});

it.each<[string, object, RegExp]>([
  ['A1: a function that is no rule', { Query: { me: deny, users: () => false } }, /Query\.users: expected a rule/],
  ['A1: undefined', { Query: { me: deny, users: undefined } }, /Query\.users: expected a rule/],
  ['A1: null', { Query: { me: deny, users: null } }, /Query\.users: expected a rule/],
  ['A2: rules on an interface', { Secret: { ssn: deny } }, /Secret: expected an object type/],
  ['A2: a rule on a union', { Any: deny }, /Any: expected an object type/],
])('refuses to start with %s', async (_, wrong, message) => {
  await expect(startSecretShop(Reflect.apply(shield, undefined, [wrong]))).rejects.toThrow(message);
});
