import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root, runMain, runProcess, temporaryFolder } from '../cli/run.ts';

describe('a configuration in an empty folder', () => {
  it('gets the copies of atrium, graphql and graphql-shield that the gateway uses', async () => {
    const folder = await temporaryFolder({
      'gateway.config.ts': `
        import * as atrium from 'atrium';
        import { GraphQLSchema } from 'graphql';
        import * as shield from 'graphql-shield';
        import { file } from './supergraph-file.ts';
        export default atrium.defineConfig({
          supergraph: { file: file as string },
          plugins: [{ atrium, GraphQLSchema, shield }],
        });`,
      'supergraph-file.ts': `export const file: string = 'supergraph.graphql';`,
      'look.ts': `
        import { createRequire } from 'node:module';
        import { loadConfig } from ${url('src/config/load-config.ts')};
        const { config, file } = await loadConfig({ env: {} });
        const [{ atrium, GraphQLSchema, shield }] = config.plugins;
        const apollo = createRequire(createRequire(${url('src/index.ts')}).resolve('@apollo/gateway'));
        const own = await import(${url('src/index.ts')});
        console.log(JSON.stringify({
          file,
          supergraph: config.supergraph.file,
          atrium: atrium === own,
          graphql: GraphQLSchema === apollo('graphql').GraphQLSchema,
          shield: shield.shield === own.shield && shield.rule === own.rule,
        }));`,
    });
    const { code, out, error } = await runProcess(process.execPath, ['look.ts'], { cwd: folder });

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(JSON.parse(out)).toEqual({
      file: join(folder, 'gateway.config.ts'),
      supergraph: join(folder, 'supergraph.graphql'),
      atrium: true,
      graphql: true,
      shield: true,
    });
  });

  it('is an ES module whatever the package around it says, with the TypeScript it imports', async () => {
    const folder = await temporaryFolder({
      'package.json': '{ "type": "commonjs" }',
      'file.ts': `import 'atrium';\nimport { name } from './name.cts';\nexport const file: string = name;`,
      'name.cts': `const name: string = 'none.graphql';\nmodule.exports = { name };`,
      'gateway.config.ts': `import { file } from './file.ts';\nexport default { supergraph: { file } };`,
    });
    const { error } = await runMain(['validate'], { cwd: folder });

    expect(error).toContain(`No supergraph from file ${join(folder, 'none.graphql')}`);
  });

  it.each([
    [
      'export default {\n  supergraph: ,\n};',
      'cannot be loaded: Expression expected\nfile://FOLDER/gateway.config.ts:2\nexport default {\n  supergraph: ,\n              ^\n};',
    ],
    [
      'import { allwo } from "graphql-shield";\nexport default {};',
      "cannot be loaded: The requested module 'graphql-shield' does not provide an export named 'allwo'\n" +
        'file://FOLDER/gateway.config.ts:1\nimport { allwo } from "graphql-shield";\n         ^^^^^',
    ],
    [
      'import "left";\nexport default {};',
      "cannot be loaded: Cannot find package 'left' imported from FOLDER/gateway.config.ts",
    ],
    [
      'const a = {};\n\nexport default { b: a.b.c };',
      "cannot be loaded: Cannot read properties of undefined (reading 'c') (line 3)",
    ],
    ['throw "a text";', 'cannot be loaded: a text'],
    ['export const config = {};', 'has no default export: expected `export default defineConfig({ … })`'],
    [
      'export default { supergraph: { file: "a" }, server: { prot: 1 } };',
      'cannot be used:\n  server.prot: unknown key. Did you mean "port"?',
    ],
  ])('is refused in words: %j', async (source, message) => {
    const folder = await temporaryFolder({ 'gateway.config.ts': source });
    const { code, out, error } = await runMain(['validate'], { cwd: folder });

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error.replaceAll(folder, 'FOLDER').trimEnd()).toBe(`atrium: gateway.config.ts ${message}`);
  });

  it('is not needed when the command line names a supergraph, and missed when it does not', async () => {
    const folder = await temporaryFolder({});
    const without = await runMain(['validate'], { cwd: folder });
    const named = await runMain(['validate', '--supergraph', join(root, 'schemas/supergraph.graphql')], {
      cwd: folder,
    });

    expect(named.code).toBe(0);
    expect(without).toEqual({
      code: 1,
      out: '',
      error: 'atrium: expected a gateway.config.ts in this folder, --config FILE or --supergraph FILE, got none\n',
    });
  });
});

function url(file: string): string {
  return JSON.stringify(pathToFileURL(join(root, file)).href);
}
