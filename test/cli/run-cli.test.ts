import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run, runMain } from './run.ts';

const verbs = ['serve', 'compose', 'validate', 'plan', 'token'];

describe('atrium', () => {
  it.each(verbs)('explains %s with an example', async (verb) => {
    const { code, out, error } = await run([verb, '--help']);

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain(`Usage: atrium ${verb}`);
    expect(out).toContain('Example: ');
    expect(out.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  it('lists its verbs', async () => {
    const { code, out } = await run(['--help']);

    expect(code).toBe(0);
    for (const verb of verbs) expect(out).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
  });

  it('prints the version of the package and nothing else', async () => {
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

    expect(await run(['--version'])).toEqual({ code: 0, out: Object(manifest).version, error: '' });
  });

  it.each([
    [[], 'expected one of serve, compose, validate, plan, explain, token; `atrium --help` explains them'],
    [['serv'], 'unknown verb serv. Did you mean "serve"?'],
    [['toString'], 'unknown verb toString; expected one of serve, compose, validate, plan, explain, token'],
    [['--port'], 'unknown flag --port; expected one of serve, compose, validate, plan, explain, token'],
    [['serve', '--prot', '1'], "Unknown option '--prot'"],
    [
      ['serve', 'supergraph.graphql'],
      "Unexpected argument 'supergraph.graphql'. This command does not take positional arguments",
    ],
    [['validate', '--config'], "Option '--config <value>' argument missing"],
    [['token'], 'expected one user, such as `atrium token ann`, got 0'],
    [['token', 'ann', '--identity', 'identity'], '--identity: expected a URL, got identity'],
    [['plan'], 'expected either one FILE or --query TEXT, got 0 files'],
    [['plan', 'a.graphql', '-q', '{ me }'], 'expected either one FILE or --query TEXT, got both'],
    [['compose', 'users=users.graphql'], 'expected NAME=FILE@URL or NAME=URL, got users=users.graphql'],
    [['compose', 'a=http://127.0.0.1:1', 'a=http://127.0.0.1:2'], 'expected each subgraph once, got a twice'],
    [['compose', '--check', 'a=http://127.0.0.1:1'], '--check: expected --out FILE to compare with, got none'],
    [
      ['compose', '--introspect', 'a=http://127.0.0.1:1'],
      'expected either NAME=SOURCE or --config and --introspect, got both',
    ],
  ])('says what is wrong with the command line %j', async (parameters, message) => {
    expect(await run(parameters)).toEqual({ code: 2, out: '', error: `atrium: ${message}` });
  });

  it('ends its process with the exit code, without a stack', async () => {
    expect(await runMain(['validate', '--config', 'none.ts'])).toEqual({
      code: 1,
      out: '',
      error: 'atrium: expected a configuration at none.ts, got no such file\n',
    });
  });
});
