/**
 * What rules cost: CPU of one process per request for a list of 2,500 users, 10,000 fields, and for a list of one, with
 * rules over the context and with rules that read each user, beside none at all. `node bench/rules.ts`
 */
import { rule, shield } from '../src/authorization/shield.ts';
import type { RuleTree } from '../src/authorization/shield.ts';
import { createTestGateway } from '../src/testing.ts';
import type { TestSubgraph } from '../src/testing.ts';

const PARENTS = [2_500, 1];
const ROUNDS = 12;
/** Rounds until everything is compiled. */
const WARM_UP = 2;
/** Of users, in one round. */
const USERS = 50_000;
const MOST_REQUESTS = 400;

const all = Array.from({ length: Math.max(...PARENTS) }, (_, index) => ({
  __typename: 'User',
  id: String(index),
  name: `Name ${index}`,
  email: `user-${index}@shop.example`,
  city: `City ${index}`,
}));
let rows = all;
const users: TestSubgraph = {
  sdl: 'type Query { users: [User!]! } type User { id: ID! name: String email: String city: String }',
  answer({ query }) {
    // What a rule reads is asked under a name of its own.
    const [, name = 'id'] = /(\w+):\s*id/.exec(query) ?? [];
    return { data: { users: rows.map((row) => ({ ...row, [name]: row.id })) } };
  },
};
const nobody = rule('nobody')(() => false);
const anybody = rule('anybody')(() => true);
const owner = (name: string, allows: boolean) =>
  rule(name, { fragment: '... on User { id }' })((parent: { id: string }) => parent.id !== '' && allows);

const trees: Readonly<Record<string, RuleTree>> = {
  'no rules': {},
  'a rule over the context on every field': { User: anybody },
  'a rule over the context denies email': { User: { email: nobody } },
  'an owner rule on email, all allowed': { User: { email: owner('allows', true) } },
  'an owner rule on email, all denied': { User: { email: owner('denies', false) } },
};

for (const parents of PARENTS) {
  rows = all.slice(0, parents);
  const requests = Math.min(MOST_REQUESTS, USERS / parents);
  const contestants = await Promise.all(
    Object.entries(trees).map(async ([name, tree]) => {
      const gateway = await createTestGateway({ users }, { rules: shield(tree) });
      return { name, gateway, microseconds: [] as number[] };
    }),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { gateway, microseconds } of contestants) {
      const before = process.cpuUsage();
      for (let request = 0; request < requests; request += 1) await gateway.ask('{ users { id name email city } }');
      const { user, system } = process.cpuUsage(before);
      if (round >= WARM_UP) microseconds.push((user + system) / requests);
    }
  }
  const [base = 0] = contestants.map(({ microseconds }) => median(microseconds));
  console.log(`${parents} users`);
  for (const { name, gateway, microseconds } of contestants) {
    const cost = median(microseconds);
    const [more, perParent] = [(100 * cost) / base - 100, (cost - base) / parents];
    console.log(
      `${name.padEnd(40)} ${cost.toFixed(0).padStart(6)} µs per request, ${more.toFixed(0)} % more, ${perParent.toFixed(2)} µs per user`,
    );
    await gateway.stop();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}
