import * as fc from 'fast-check';
import { expect } from 'vitest';
import { secret } from '../answer-problems.ts';
import { keepsInvariants } from '../invariants.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutated, mutations, strangeValue, written } from './mutation.ts';

const question = {
  query: `{
    me { id name score }
    top { id name rating facts comments { text stars author { id name score } } }
    best { id name price rating }
    anything(value: { a: [1] })
  }`,
};

const errors = fc.oneof(
  strangeValue,
  fc.array(
    fc.record(
      {
        message: fc.oneof(fc.string(), strangeValue),
        path: fc.oneof(
          fc.constantFrom(
            ['_entities', 0, 'rating'],
            ['_entities', 1],
            ['best'],
            ['me', 'name'],
            ['top', 0, 'id'],
            [],
            ['x', -1],
          ),
          strangeValue,
        ),
        extensions: fc.oneof(fc.constantFrom({ code: 'CLOSED', stack: secret }, { code: 1 }), strangeValue),
        locations: strangeValue,
      },
      { requiredKeys: [] },
    ),
    { maxLength: 4 },
  ),
);

/** What is done to the bytes of a body. */
const bytes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255), insert: fc.boolean() }), { maxLength: 3 });

const misbehaviour = fc.record({
  mutations: fc.oneof({ weight: 4, arbitrary: mutations }, { weight: 1, arbitrary: fc.constant([]) }),
  /** Instead of the mutated answer. */
  whole: fc.option(strangeValue, { freq: 8 }),
  errors: fc.option(errors, { freq: 2 }),
  bytes: fc.option(bytes, { freq: 4 }),
  status: fc.constantFrom(200, 200, 200, 200, 206, 299, 400, 404, 500, 503),
});
type Misbehaviour = typeof misbehaviour extends fc.Arbitrary<infer T> ? T : never;

/** Answers of one subgraph that are nearly right, or not at all. */
export const answers: Fuzzer = {
  name: 'answers of subgraphs',
  runs: [60, 900],
  property: (lab) =>
    fc.asyncProperty(fc.constantFrom('users', 'products', 'reviews'), misbehaviour, async (name, one) => {
      const answer = await keepsInvariants(lab, () => {
        lab.subgraphs[name].answerWith((response, healthy) => {
          response.writeHead(one.status, { 'content-type': 'application/json' }).end(bodyOf(healthy, one));
        });
        return lab.ask(question);
      });
      // Every field of the question may be null: whatever one says, there is an answer, with what the others said.
      expect(answer.body).toMatchObject({ data: expect.any(Object) });
      expect(misfits(answer.body)).toEqual([]);
      if (name !== 'users') expect(answer.body).toMatchObject({ data: { me: { id: '7', name: 'Ann' } } });
      if (name !== 'products')
        expect(answer.body).toMatchObject({
          data: { top: [{ name: 'Lamp' }, { name: 'Desk' }], anything: { a: [1] } },
        });
    }),
};

type Check = (value: unknown) => boolean;
const types: Readonly<Record<string, Check>> = {
  id: (value) => typeof value === 'string',
  name: (value) => value === null || typeof value === 'string',
  text: (value) => value === null || typeof value === 'string',
  score: (value) => value === null || Number.isInteger(value),
  price: (value) => value === null || Number.isInteger(value),
  stars: (value) => Number.isInteger(value),
  rating: (value) => value === null || typeof value === 'number',
};

/** Values that the types of the schema do not allow; what may be anything is not looked into. */
function misfits(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    if (key === 'facts' || key === 'anything' || key === 'errors') return [];
    const check = Array.isArray(value) ? undefined : types[key];
    return check === undefined || check(member) ? misfits(member) : [[key, member]];
  });
}

function bodyOf(healthy: object, { mutations, whole, errors, bytes }: Misbehaviour): Buffer {
  const value = whole ?? mutated({ ...healthy, ...(errors !== null && { errors }) }, mutations);
  let body = Buffer.from(written(value));
  for (const { at, byte, insert } of bytes ?? []) {
    const place = at % (body.length + 1);
    body = Buffer.concat([body.subarray(0, place), Buffer.from([byte]), body.subarray(insert ? place : place + 1)]);
  }
  return body;
}
