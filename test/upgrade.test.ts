import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { composeServices, extractValidationError } from '@apollo/composition';
import * as internals from '@apollo/federation-internals';
import { ApolloGateway } from '@apollo/gateway';
import { GraphQLDataSourceRequestKind } from '@apollo/gateway/dist/datasources/types.js';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { GraphQLSchema, parse, versionInfo } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as shield from '../src/authorization/shield.ts';
import { buildSupergraph, planOperation } from '../src/supergraph/supergraph.ts';
import { root } from './cli/run.ts';

/**
 * What Atrium takes for granted of packages beyond what they promise. A new version that fails here has moved something:
 * docs/upgrades.md says which file to look at.
 */

const require = createRequire(import.meta.url);
const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])`;
const users = `${federation} type Query { me: User } type User @key(fields: "id") { id: ID! name: String }`;
const posts = `${federation} type User @key(fields: "id") { id: ID! name: String @external posts: [Int] @requires(fields: "name") }`;
const compose = (...sdls: string[]) =>
  composeServices(
    sdls.map((sdl, index) => ({ name: `s${index}`, url: `http://s${index}.test`, typeDefs: parse(sdl) })),
  );
const supergraphSdl = compose(users, posts).supergraphSdl ?? '';

describe('package.json', () => {
  const versionOf = (name: string): unknown => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))[name];
  const dependencies = new Map(Object.entries<string>(Object(versionOf('dependencies'))));

  it('pins what is relied on here, and what is installed is what it pins', () => {
    const pinned = [...dependencies].filter(([name]) => name.startsWith('@apollo/') || name === 'graphql-shield');
    for (const [name, version] of pinned) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      const manifest = join(root, 'node_modules', name, 'package.json');
      expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ name, version });
    }
  });

  it('has one version of all that is federation, and one copy of its classes', () => {
    const names = ['composition', 'federation-internals', 'gateway', 'query-planner', 'subgraph'];
    expect(new Set(names.map((name) => dependencies.get(`@apollo/${name}`))).size).toBe(1);
    const fromPlanner = createRequire(require.resolve('@apollo/query-planner')).resolve('@apollo/federation-internals');
    expect(fromPlanner).toBe(require.resolve('@apollo/federation-internals'));
    expect(versionInfo.major).toBe(16);
  });
});

describe('@apollo/federation-internals (src/supergraph/supergraph.ts, applied-directives.ts, repair-planner.ts)', () => {
  it('knows these features of supergraphs: of a new one it has to be decided whether Atrium enforces it', () => {
    const names = [...internals.ROUTER_SUPPORTED_SUPERGRAPH_FEATURES].map((url) => url.replace(/^.*apollo\.dev\//, ''));
    expect(names.join(' ')).toBe(
      'core/v0.1 core/v0.2 join/v0.1 join/v0.2 join/v0.3 join/v0.4 join/v0.5 tag/v0.1 tag/v0.2 tag/v0.3 ' +
        'inaccessible/v0.1 inaccessible/v0.2 authenticated/v0.1 requiresScopes/v0.1 policy/v0.1 context/v0.1 ' +
        'cost/v0.1 connect/v0.1 connect/v0.2 connect/v0.3 connect/v0.4 cacheTag/v0.1',
    );
    for (const url of internals.DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES)
      expect(internals.ROUTER_SUPPORTED_SUPERGRAPH_FEATURES).toContain(url);
  });

  it('tells of a supergraph what Atrium reads of it', () => {
    const schema = internals.buildSchema(supergraphSdl, { validate: false });
    const supergraph = new internals.Supergraph(schema, internals.ROUTER_SUPPORTED_SUPERGRAPH_FEATURES);

    expect(supergraph.subgraphsMetadata()).toMatchObject([
      { name: 's0', url: 'http://s0.test' },
      { name: 's1', url: 'http://s1.test' },
    ]);
    expect(supergraph.apiSchema().toGraphQLJSSchema()).toBeInstanceOf(GraphQLSchema);
    expect(supergraph.subgraphNameToGraphEnumValue()).toEqual(new Map([['s0', 'S0'], ['s1', 'S1']])); // prettier-ignore
    const [application] = schema.directive('join__type')?.applications() ?? [];
    expect(application?.parent).toBeInstanceOf(internals.NamedSchemaElement);
    expect(application?.arguments(true)).toMatchObject({ isInterfaceObject: false, resolvable: true });
    const join5 = schema.coreFeatures?.getByIdentity('https://specs.apollo.dev/join');
    expect(join5).toMatchObject({ purpose: 'EXECUTION', url: { name: 'join' } });
    expect(join5?.directiveNameInSchema('type')).toBe('join__type');
  });
});

describe('@apollo/query-planner (src/supergraph/supergraph.ts, repair-planner.ts)', () => {
  it('makes plans of these nodes', () => {
    const plan = planOperation(buildSupergraph(supergraphSdl), parse('{ me { posts } }'), undefined);

    expect(plan).toMatchObject({
      kind: 'QueryPlan',
      node: {
        kind: 'Sequence',
        nodes: [
          { kind: 'Fetch', serviceName: 's0', requires: undefined, operationDocumentNode: { kind: 'Document' } },
          {
            kind: 'Flatten',
            path: ['me'],
            node: {
              kind: 'Fetch',
              serviceName: 's1',
              requires: [
                {
                  kind: 'InlineFragment',
                  typeCondition: 'User',
                  selections: ['__typename', 'id', 'name'].map((name) => ({ kind: 'Field', name })),
                },
              ],
            },
          },
        ],
      },
    });
  });

  it('has the methods that are repaired, in the place they are found by', () => {
    // The first plan of the process has led to them, and the trap is away.
    planOperation(buildSupergraph(supergraphSdl), parse('{ me { posts } }'), undefined);
    const { set } = internals.MapWithCachedArrays.prototype; // eslint-disable-line typescript/unbound-method
    expect(set.name).toBe('set');

    const groups = new Set<object>();
    internals.MapWithCachedArrays.prototype.set = function remember(key: unknown, value: unknown) {
      if (typeof value === 'object' && value !== null && 'dependencyGraph' in value) groups.add(value);
      return set.call(this, key, value);
    };
    onTestFinished(() => void (internals.MapWithCachedArrays.prototype.set = set));
    planOperation(buildSupergraph(supergraphSdl), parse('{ me { posts } }'), undefined);

    const [group] = groups;
    const prototype: object = Object.getPrototypeOf(group);
    const functionNames = Object.fromEntries(
      ['canMergeChildIn', 'mergeInWithAllDependencies', 'isDescendantOf', 'children', 'removeChild'].map((name) => [
        name,
        Object(Reflect.get(prototype, name)).name,
      ]),
    );
    expect(functionNames).toEqual({
      canMergeChildIn: 'refuseHandedOver',
      mergeInWithAllDependencies: 'refuseEarlier',
      isDescendantOf: 'isItselfOrBelow',
      children: 'children',
      removeChild: 'removeChild',
    });
    // The planner still calls them by these names: what nobody calls repairs nothing.
    const planner = readFileSync(require.resolve('@apollo/query-planner/dist/buildPlan.js'), 'utf8');
    const operations = readFileSync(require.resolve('@apollo/federation-internals/dist/operations.js'), 'utf8');
    const called = [...Object.keys(functionNames), 'dfsRemoveRedundantEdges', 'selectionSets'];
    expect(called.filter((name) => !planner.includes(`.${name}(`))).toEqual([]);
    expect(operations.includes('.typeIfAddedTo(')).toBe(true);
    expect(internals.Field.prototype.typeIfAddedTo.name).toBe('refuseExternal'); // eslint-disable-line typescript/unbound-method
  });
});

describe('@apollo/gateway (src/gateway.ts, src/supergraph/prepared-supergraph.ts, src/subgraph/data-source-client.ts)', () => {
  it('loads what a manager says, tells of it, and asks the executor that was put in its place', async () => {
    const told: object[] = [];
    const hooks: string[] = [];
    let update: ((sdl: string) => void) | undefined;
    const gateway = new ApolloGateway({
      supergraphSdl: async (options) => {
        hooks.push(...Object.keys(options));
        ({ update } = options);
        return { supergraphSdl };
      },
    });
    gateway.onSchemaLoadOrUpdate((loaded) => told.push(loaded));
    const executor = async () => ({ data: { me: null } });
    gateway.executor = executor;
    const loaded = await gateway.load();
    onTestFinished(() => gateway.stop());
    const other = compose(users.replace('name', 'alias'), posts.replaceAll('name', 'alias')).supergraphSdl ?? '';
    update?.(other);

    expect(hooks).toEqual(['update', 'healthCheck', 'getDataSource']);
    expect(loaded.executor).toBe(executor);
    expect(told).toEqual(
      [supergraphSdl, other].map((coreSupergraphSdl) => ({ apiSchema: expect.any(GraphQLSchema), coreSupergraphSdl })),
    );
    expect(gateway.executor).toBe(executor);
    expect(GraphQLDataSourceRequestKind.INCOMING_OPERATION).toBe('incoming operation');
  });

  it('keeps quiet by this variable (src/core/quiet-apollo.ts)', () => {
    expect(process.env['APOLLO_TELEMETRY_DISABLED']).toBe('true');
    const gateway = readFileSync(require.resolve('@apollo/gateway'), 'utf8');
    expect(gateway.includes("process.env.APOLLO_TELEMETRY_DISABLED !== 'true'")).toBe(true);
  });
});

describe('@apollo/composition (src/supergraph/compose.ts)', () => {
  it('says what is wrong, where, and which field cannot be reached', () => {
    const unreachable = compose(
      users,
      `${federation} type User @key(fields: "id", resolvable: false) { id: ID! age: Int }`,
    );
    const [error] = unreachable.errors ?? [];
    const transition = error && extractValidationError(error)?.supergraphUnsatisfiablePath.lastEdge()?.transition;

    expect(error?.extensions).toMatchObject({ code: 'SATISFIABILITY_ERROR' });
    expect(transition).toMatchObject({
      kind: 'FieldCollection',
      definition: { name: 'age', parent: { name: 'User' } },
    });
    expect(compose(users, posts).hints).toEqual([]);
  });
});

describe('@apollo/server (src/server/apollo.ts, answer-operation.ts)', () => {
  it('answers a request that another HTTP server has read', async () => {
    const server = new ApolloServer({ typeDefs: 'type Query { one: Int }', stopOnTerminationSignals: false });
    await server.start();
    onTestFinished(() => server.stop());
    const { body, headers, status } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([['content-type', 'application/json']]),
        search: '',
        body: { query: '{ one }' },
      },
      context: async () => ({}),
    });

    expect({ body, status }).toEqual({
      body: { kind: 'complete', string: '{"data":{"one":null}}\n' },
      status: undefined,
    });
    expect(headers).toBeInstanceOf(HeaderMap);
  });
});

describe('graphql-shield (src/authorization/shield.ts, compile-rule.ts)', () => {
  const { allow, and, chain, deny, inputRule, not, or, race, rule } = shield;

  it('exports the names Atrium does', () => {
    const names = Object.keys(require('graphql-shield') as object);
    expect(names.toSorted()).toEqual(
      Object.keys(shield)
        .filter((name) => name !== 'shieldCallOf')
        .toSorted(),
    );
  });

  it('has a class for each kind of rule, and these fields in them', () => {
    const decide = () => true;
    const leaf = rule('named', { cache: 'strict', fragment: '... on User { id }' })(decide);
    const instances = [leaf, inputRule()((yup) => yup.mixed()), and(), or(), chain(), race(), not(allow), allow, deny];

    expect(new Set(instances.map((instance): unknown => Object.getPrototypeOf(instance))).size).toBe(instances.length);
    expect(leaf).toMatchObject({ name: 'named', cache: 'strict', fragment: '... on User { id }', func: decide });
    expect(rule()(decide)).toMatchObject({ cache: 'no_cache', name: expect.any(String) });
    for (const logic of [and, or, chain, race]) expect(logic(allow, deny)).toMatchObject({ rules: [allow, deny] });
    const error = new Error('No');
    expect(not(allow, error)).toMatchObject({ rules: [allow], error });
    expect(Reflect.get(rule()(decide), 'fragment')).toBeUndefined();
  });
});
