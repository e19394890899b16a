import type { Logger } from '../core/logger.ts';
import type { SubgraphNumbers } from '../telemetry/metrics.ts';
import { Upstream } from './upstream.ts';
import type { SubgraphTarget } from './upstream.ts';

/** How long a request that began on an older supergraph may still need what the newer one has no use for, in milliseconds. */
const KEPT_MS = 60_000;

/** All subgraphs that were called. What is known of one outlives the supergraph, unless the next one calls it differently. */
export class Upstreams {
  readonly #options: { readonly logger: Logger; readonly random: () => number };
  readonly #known = new Map<string, Upstream>();
  readonly #closing = new Map<string, NodeJS.Timeout>();
  /** Retries of those that are no longer known: what counts must not count backwards. */
  readonly #retired = new Map<string, number>();

  constructor(options: { readonly logger: Logger; readonly random: () => number }) {
    this.#options = options;
  }

  find(subgraph: string, target: SubgraphTarget): Upstream {
    const key = keyOf(subgraph, target);
    let upstream = this.#known.get(key);
    if (upstream === undefined) {
      upstream = new Upstream(subgraph, target, this.#options);
      this.#known.set(key, upstream);
    }
    return upstream;
  }

  /** From now on only these are asked anew: those of the supergraph that took over. */
  keepOnly(targets: ReadonlyMap<string, SubgraphTarget>): void {
    const kept = new Set([...targets].map(([subgraph, target]) => keyOf(subgraph, target)));
    for (const [key, upstream] of this.#known) {
      const timer = this.#closing.get(key);
      if (kept.has(key)) {
        clearTimeout(timer);
        this.#closing.delete(key);
      } else if (timer === undefined) {
        const close = (): void => {
          this.#closing.delete(key);
          this.#known.delete(key);
          const { subgraph: name, retries } = upstream.numbers;
          this.#retired.set(name, (this.#retired.get(name) ?? 0) + retries);
          void upstream.close();
        };
        this.#closing.set(key, setTimeout(close, KEPT_MS).unref());
      }
    }
  }

  /** Of each subgraph, those of former supergraphs included while they are kept. */
  numbers(): SubgraphNumbers[] {
    const bySubgraph = Map.groupBy(
      [...this.#known.values()].map(({ numbers }) => numbers),
      ({ subgraph }) => subgraph,
    );
    return [...bySubgraph].map(([subgraph, all]) => ({
      subgraph,
      active: all.reduce((sum, { active }) => sum + active, 0),
      openCircuits: all.reduce((sum, { openCircuits }) => sum + openCircuits, 0),
      retries: (this.#retired.get(subgraph) ?? 0) + all.reduce((sum, { retries }) => sum + retries, 0),
    }));
  }

  async close(): Promise<void> {
    for (const timer of this.#closing.values()) clearTimeout(timer);
    await Promise.all([...this.#known.values()].map((upstream) => upstream.close()));
  }
}

function keyOf(subgraph: string, target: SubgraphTarget): string {
  return JSON.stringify([subgraph, target]);
}
