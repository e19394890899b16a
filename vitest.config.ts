import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Vitest resolves `graphql` to its ES module while Apollo's CommonJS packages require `index.js`: two copies of
    // graphql-js in one process refuse each other's schemas.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude:
      process.env['ATRIUM_TEST_ALL'] === undefined
        ? ['test/**/*.long.test.ts', '**/node_modules/**']
        : ['**/node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/redis-server.ts'],
  },
});
