import type { Laboratory } from './laboratory.ts';

/** A subgraph fails in one way, and what becomes of the question. */
export interface SubgraphCase {
  /** Of the list of faults. */
  readonly id: string;
  readonly title: string;
  readonly arrange: (lab: Laboratory) => Promise<void> | void;
  /** The code at each rating, or what is answered where it is another. */
  readonly code?: string;
  readonly ratings?: readonly (number | null)[];
  readonly errors?: readonly object[];
  /** Tries at `reviews`. */
  readonly tries?: number;
  /** One more is free where it met a connection that had been kept alive. */
  readonly mayMeetIdle?: boolean;
}
