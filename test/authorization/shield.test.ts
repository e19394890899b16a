import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import * as exported from '../../src/authorization/shield.ts';
import { accounts } from './fixture.ts';

test('exports every name of graphql-shield under plain Node', () => {
  const script = `
    const shield = await import('./src/authorization/shield.ts');
    const chained = shield.chain(shield.rule('a')(() => true), shield.race(shield.deny, shield.allow));
    const context = { _shield: { cache: {} } };
    console.log(await chained.resolve({}, {}, context, undefined, { debug: true }));
    console.log(Object.keys(shield).join());
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe('true\nallow,and,chain,deny,inputRule,not,or,race,rule,shield,shieldCallOf\n');
});

test('exports the same names under vitest', () => {
  expect(Object.keys(exported).sort().join()).toBe(
    'allow,and,chain,deny,inputRule,not,or,race,rule,shield,shieldCallOf',
  );
});

test('what shield returns still is a middleware generator', () => {
  const options = { fallbackError: 'No' };
  const generator = exported.shield({ Query: { me: exported.deny } }, options);
  const middleware: unknown = Reflect.get(Object(generator.generate(accounts)), 'Query');
  expect(middleware).toMatchObject({ me: { fragments: [] }, any: { fragments: [] } });
  expect(options).toEqual({ fallbackError: 'No' });
  expect(() => exported.shield({ Nope: exported.deny }).generate(accounts)).toThrow('Nope');
});
