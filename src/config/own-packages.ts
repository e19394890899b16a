import { createRequire, registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `.ts` when run from source, `.js` when compiled. */
const extension = extname(import.meta.filename);
const shieldModule = new URL(`../authorization/shield${extension}`, import.meta.url).href;
const ownCopies: Readonly<Record<string, string>> = {
  atrium: new URL(`../index${extension}`, import.meta.url).href,
  // The CommonJS file, because Apollo's CommonJS packages hold that one: graphql-js refuses objects of a second copy.
  graphql: pathToFileURL(createRequire(import.meta.url).resolve('graphql')).href,
  'graphql-shield': shieldModule,
};

let registered = false;

/**
 * From now on every import of `atrium`, `graphql` and `graphql-shield` in this process gets Atrium's own copy, so that
 * a config needs no `node_modules` and its rules are objects of the libraries the gateway checks them with. `config`,
 * the URL of the config, is read as an ES module whatever the package around it says, and so is TypeScript it imports.
 */
export function resolveToOwnPackages(config: string): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = context.parentURL === shieldModule ? undefined : ownCopies[specifier];
      if (url !== undefined) return { url, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      if (resolved.url === config) return { ...resolved, format: moduleFormat(config) };
      // `npm init` makes a package CommonJS, and `import` in its TypeScript would be an error.
      const isImported = context.conditions.includes('import') && resolved.url.endsWith('.ts');
      return isImported && resolved.format === 'commonjs-typescript'
        ? { ...resolved, format: 'module-typescript' }
        : resolved;
    },
  });
}

function moduleFormat(url: string): string | null {
  if (url.endsWith('.ts') || url.endsWith('.mts')) return 'module-typescript';
  return url.endsWith('.js') || url.endsWith('.mjs') ? 'module' : null;
}
