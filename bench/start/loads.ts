import '../../src/core/quiet-apollo.ts';
import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { parse } from 'graphql';
import { AtriumGateway } from '../../src/gateway.ts';
import { buildSupergraph, planOperation } from '../../src/supergraph/supergraph.ts';
import { answerParent } from '../support/answer-parent.ts';
import { startJobSchema } from './schemas.ts';
import type { Loaded } from './schemas.ts';

// Loads one supergraph in one way, in a process of its own, and tells what that has cost.

const logger = { debug() {}, info() {}, warn() {}, error() {} };
/** What was loaded stays reachable: it is part of the memory a gateway needs. */
const kept: object[] = [];

answerParent({
  async load(payload): Promise<Loaded> {
    const { way, supergraph, queries } = startJobSchema.parse(payload);
    const sdl = readFileSync(supergraph, 'utf8');
    const plans: number[] = [];
    const since = performance.now();
    const cpu = process.cpuUsage();
    if (way === 'engine') {
      const built = buildSupergraph(sdl);
      kept.push(built);
      const loaded = loadedSince(since, cpu);
      for (const query of queries) {
        const document = parse(query);
        const before = performance.now();
        planOperation(built, document, undefined);
        plans.push(performance.now() - before);
      }
      return { ...loaded, plans };
    }
    const gateway =
      way === 'stock'
        ? new ApolloGateway({ supergraphSdl: sdl, logger })
        : new AtriumGateway({ supergraphSdl: sdl, logger });
    await gateway.load();
    kept.push(gateway);
    return { ...loadedSince(since, cpu), plans };
  },
});

function loadedSince(since: number, cpu: NodeJS.CpuUsage): Omit<Loaded, 'plans'> {
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - since;
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { ms, cpuMs: (user + system) / 1_000, rssBytes: rss, heapBytes: heapUsed };
}
