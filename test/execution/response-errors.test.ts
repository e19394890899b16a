import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ResponseErrors } from '../../src/execution/response-errors.ts';

const fault = (code: string) => ({ message: `${code} failed`, extensions: { code } });

const given = fc.record({ code: fc.constantFrom('A', 'B'), field: fc.constantFrom('User.name', 'User.email') });

it('a hundred errors are told each, those beyond in one line for each code and field, which counts them', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 250, size: 'max' }), (all) => {
      const errors = new ResponseErrors();
      for (const [index, { code, field }] of all.entries()) errors.addAt(fault(code), ['list', index], field);
      const told = errors.list().map((error) => error.toJSON());
      const each = all.slice(0, 100).map(({ code }, index) => ({ ...fault(code), path: ['list', index] }));
      const beyond = Map.groupBy(all.slice(100), ({ code, field }) => `${code} ${field}`).values();
      const lines = [...beyond].map((alike) => {
        const [{ code, field } = { code: '', field: '' }] = alike;
        const message = `${alike.length} more errors like this at ${field}: ${code} failed`;
        return { message, extensions: { code, count: alike.length } };
      });
      expect(told).toEqual([...each, ...lines]);
    }),
  );
});

it('of more than a hundred such lines the others are counted in one', () => {
  const errors = new ResponseErrors();
  for (let index = 0; index < 257; index += 1) errors.addAt(fault(`C${index}`), undefined, '');
  const told = errors.list();
  expect(told).toHaveLength(201);
  expect(told[199]?.extensions).toEqual({ code: 'C199', count: 1 });
  expect(told[200]?.toJSON()).toEqual({
    message: '57 more errors',
    extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', count: 57 },
  });
});
