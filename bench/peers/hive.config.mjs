import { defineConfig } from '@graphql-hive/gateway';

// Hive Gateway as its command starts it. One addition: by default it forwards no header of the client to subgraphs, and
// the other contestants forward the token.
export const gatewayConfig = defineConfig({
  propagateHeaders: {
    fromClientToSubgraphs({ request }) {
      const authorization = request.headers.get('authorization');
      return authorization === null ? {} : { authorization };
    },
  },
});
