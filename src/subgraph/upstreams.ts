import type { Logger } from '../core/logger.ts';
import { Upstream } from './upstream.ts';
import type { SubgraphTarget } from './upstream.ts';

/** How long a request that began on an older supergraph may still need what the newer one has no use for, in milliseconds. */
const KEPT_MS = 60_000;

/** All subgraphs that were called. What is known of one outlives the supergraph, unless the next one calls it differently. */
export class Upstreams {
  readonly #options: { readonly logger: Logger; readonly random: () => number };
  readonly #known = new Map<string, Upstream>();
  readonly #closing = new Map<string, NodeJS.Timeout>();

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
          void upstream.close();
        };
        this.#closing.set(key, setTimeout(close, KEPT_MS).unref());
      }
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#closing.values()) clearTimeout(timer);
    await Promise.all([...this.#known.values()].map((upstream) => upstream.close()));
  }
}

function keyOf(subgraph: string, target: SubgraphTarget): string {
  return JSON.stringify([subgraph, target]);
}
