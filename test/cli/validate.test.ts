import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run, runMain, temporaryFolder } from './run.ts';

const supergraph = join(root, 'schemas/supergraph.graphql');

describe('atrium validate', () => {
  it('says what a gateway would enforce', async () => {
    const path = await temporaryFolder({ 'gateway.config.ts': config, 'keys.json': keys });
    const { code, out, error } = await runMain(['validate'], { cwd: path });

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out.replace(path, 'FOLDER').replace(root, 'ROOT')).toMatchInlineSnapshot(`
      "configuration   FOLDER/gateway.config.ts
      mode            production, introspection off
      supergraph      ROOTschemas/supergraph.graphql, watched, 0d3cc7dbe378
      subgraphs       orders http://127.0.0.1:4003/graphql
                      payments http://127.0.0.1:1/moved
                      products http://127.0.0.1:4002/graphql
                      users http://127.0.0.1:4001/graphql
      signing         off: services cannot tell the gateway from others
      authentication  tokens of shop; anonymous clients are refused
      authorization   fields with a rule: 1
      without effect  @cost and @listSize: neither limits.maxCost nor a rate limit asks
      rate limits     all: 5 requests in 1 s per global
      entity cache    in Redis
      known answers   kept up to 60 s, by x-tenant; equal queries at the same time are executed once
      documents       any
      stores          Redis
      telemetry       /metrics of the admin listener
                      requests are explained to nobody but operators
      limits          maxBodyBytes 1000000, maxDocumentBytes 100000, maxTokens 15000, maxDepth 100, maxSelections 5000
                      maxRootFields 200, maxAliases 200, maxDirectives 500, maxMergePairs 100000, defaultListSize 10
                      maxVariableValues 50000, maxVariableDepth 50, maxVariableErrors 50
      The configuration and the supergraph are valid.

      Who may see what (args: by the arguments; data: by what is fetched; error: a rule threw, which denies):

                            anonymous  signed in
      Mutation.updatePrice  no         no

      No rule covers:
        Address: street, postcode, city, country
        Card: brand, last4
        GiftCard: code
        Money: amount, currency
        Mutation: placeOrder, pay, addReview, updateProfile
        Order: id, customer, placedAt, status, items, total, events, payment
        OrderCancelled: at, message, reason
        OrderConnection: edges, pageInfo, totalCount
        OrderDelivered: at, message
        OrderEdge: cursor, node
        OrderItem: quantity, unitPrice, product
        OrderPlaced: at, message
        OrderShipped: at, message, carrier, trackingCode
        PageInfo: hasNextPage, endCursor
        Payment: id, order, amount, status, method, paidAt
        Product: sku, name, price, weightGrams, shippingEstimate, id, reviews
        ProductConnection: edges, pageInfo, totalCount
        ProductEdge: cursor, node
        Query: order, payment, product, products, me, user, users
        Review: id, product, author, rating, text, createdAt
        ReviewConnection: edges, pageInfo, totalCount
        ReviewEdge: cursor, node
        Transfer: bank
        User: id, orders, name, email, address
        UserConnection: edges, pageInfo, totalCount
        UserEdge: cursor, node
      "
    `);
  });

  it('needs no configuration', async () => {
    const path = await temporaryFolder();
    const { code, out } = await runMain(['validate', '--supergraph', supergraph], { cwd: path });

    expect(code).toBe(0);
    expect(out).toContain('configuration   none');
    expect(out).toContain('authorization   no rules');
  });

  it('leaves the configuration of the folder alone when told so', async () => {
    const path = await temporaryFolder({ 'gateway.config.ts': config, 'keys.json': keys });
    const { code, out } = await runMain(['validate', '--no-config', '--supergraph', supergraph], { cwd: path });

    expect(code).toBe(0);
    expect(out).toContain('configuration   none');
  });

  it('refuses what a gateway started with it would refuse', async () => {
    const broken = config.replace("jwks: 'keys.json'", "jwks: 'nowhere.json'");
    const path = await temporaryFolder({ 'gateway.config.ts': broken, 'keys.json': keys });
    const { code, error } = await runMain(['validate'], { cwd: path });

    expect(code).toBe(1);
    expect(error).toMatch(/^atrium: authentication: expected ".*nowhere.json" to be a JSON Web Key Set/);
  });

  it('refuses rules and settings for what the supergraph does not have', async () => {
    const path = await temporaryFolder({
      'keys.json': keys,
      'rules.ts': config.replace('updatePrice', 'updatePrise'),
      'names.ts': config.replace('payments:', 'payment:'),
    });
    const [rules, names, variable] = await Promise.all([
      runMain(['validate', '--config', join(path, 'rules.ts')]),
      runMain(['validate', '--config', join(path, 'names.ts')]),
      runMain(['validate', '--config', join(path, 'names.ts')], {
        env: { ATRIUM_SUBGRAPH_PAYMNTS_URL: 'http://127.0.0.1:1' },
      }),
    ]);

    expect([rules, names, variable].map(({ code, out }) => ({ code, out }))).toEqual(
      Array.from({ length: 3 }, () => ({ code: 1, out: '' })),
    );
    expect([rules, names, variable].map(({ error }) => error)).toMatchInlineSnapshot(`
      [
        "atrium: authorization.rules: Mutation.updatePrise: expected a field of the API schema (@inaccessible fields are not in it), got no such field.
      ",
        "atrium: subgraphs.payment: no such subgraph in the supergraph. Did you mean "payments"?
      ",
        "atrium: subgraphs.payment: no such subgraph in the supergraph. Did you mean "payments"?
      ATRIUM_SUBGRAPH_PAYMNTS_URL: no such subgraph in the supergraph
      ",
      ]
    `);
  });

  it('refuses a supergraph that is none', async () => {
    const { code, error } = await run(['validate', '--supergraph', join(root, 'package.json')]);

    expect(code).toBe(1);
    expect(error).toMatch(/^atrium: The supergraph cannot be used: Syntax Error/);
  });
});

/** A key of the example in RFC 7517, appendix A.1. */
const keys = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
      kid: '1',
    },
  ],
});

const config = `
import { defineConfig, rule, shield } from 'atrium';

const nobody = rule('nobody')(() => false);

export default defineConfig({
  supergraph: { file: ${JSON.stringify(supergraph)} },
  subgraphs: { payments: { url: 'http://127.0.0.1:1/moved' } },
  authentication: { required: true, issuers: [{ issuer: 'shop', jwks: 'keys.json', audiences: ['web'] }] },
  authorization: { rules: shield({ Mutation: { updatePrice: nobody } }) },
  rateLimit: { rules: [{ name: 'all', key: 'global', limit: 5, windowSeconds: 1 }] },
  redis: { url: 'redis://127.0.0.1:1' },
  cache: { entities: {}, answers: { vary: ['x-tenant'] } },
});
`;
