import { chain, defineConfig, or, rule, shield } from 'atrium';
import type { RequestContext } from 'atrium';
import { GraphQLError } from 'graphql';

const signedIn = rule('signed in', { cache: 'contextual' })(
  (_parent, _args, { principal }: RequestContext) =>
    principal !== null || new GraphQLError('Sign in first', { extensions: { code: 'UNAUTHENTICATED' } }),
);

const hasScope = (scope: string) =>
  rule(`scope ${scope}`, { cache: 'contextual' })(
    (_parent, _args, { principal }: RequestContext) =>
      principal?.scopes.includes(scope) === true || `The scope ${scope} is needed`,
  );

const isAdmin = rule('admin', { cache: 'contextual' })(
  (_parent, _args, { principal }: RequestContext) =>
    principal?.roles.includes('admin') === true || 'Only an admin may do that',
);

const isOwner = rule('owner', { fragment: 'fragment Owner on User { id }' })(
  (parent: { id: string }, _args, { principal }: RequestContext) =>
    parent.id === principal?.subject || 'Only the customer may see that',
);

const readsOrders = chain(signedIn, hasScope('orders:read'));
const admin = chain(signedIn, isAdmin);
const ownerOrAdmin = chain(signedIn, or(isAdmin, isOwner));

/** The demo: a shop in four services. Whatever has no rule is public: here the catalogue. */
export default defineConfig({
  supergraph: {
    services: {
      users: { url: 'http://127.0.0.1:4001/graphql' },
      products: { url: 'http://127.0.0.1:4002/graphql' },
      orders: { url: 'http://127.0.0.1:4003/graphql' },
      payments: { url: 'http://127.0.0.1:4004/graphql' },
    },
    fallback: 'schemas/supergraph.graphql',
  },
  headers: { toSubgraphs: ['authorization'] },
  authentication: {
    issuers: [
      {
        issuer: 'http://127.0.0.1:4005',
        jwks: 'http://127.0.0.1:4005/.well-known/jwks.json',
        audiences: ['atrium-shop'],
        algorithms: ['ES256'],
      },
    ],
  },
  authorization: {
    rules: shield({
      Query: { order: readsOrders, payment: readsOrders, users: signedIn },
      User: { orders: readsOrders, email: ownerOrAdmin, address: ownerOrAdmin },
      Order: { payment: readsOrders },
      Mutation: { '*': signedIn, updatePrice: admin },
    }),
  },
  rateLimit: { rules: [{ name: 'clients', key: 'principal', limit: 100, windowSeconds: 10, burst: 50 }] },
  // Every request is a trace when ATRIUM_OTLP_URL names a collector. Metrics are not sent there: Prometheus fetches them.
  telemetry: { traces: { ratio: 1 }, metrics: { enabled: false } },
  cache: {
    entities: {},
    invalidate: {
      'Mutation.updatePrice': [{ type: 'Product', key: { id: '$args.input.productId' } }],
      'Mutation.addReview': [{ subgraph: 'products', type: 'Review' }],
    },
  },
});
