import type { EnforcementMode } from './authorization/enforcement.ts';
import type { InvalidateAfter } from './cache/mutation-invalidation.ts';
import type { Logger } from './core/logger.ts';
import type { LabelDecision } from './planning/override-labels.ts';
import type { HeaderRules } from './subgraph/headers.ts';
import type { GenerationOptions } from './generation.ts';

/** What Atrium adds to the options of `ApolloGateway`. */
export interface AtriumGatewayOptions extends GenerationOptions {
  /** What becomes of what rules deny; `filter` by default. */
  readonly enforcement?: EnforcementMode | undefined;
  /** Which headers reach subgraphs and clients; by default `authorization` and the trace context go to subgraphs. */
  readonly headers?: HeaderRules;
  /**
   * Signs requests with the first secret, for services that verify them; `IntrospectAndCompose` asks unsigned. Not together
   * with `buildService`.
   */
  readonly signingSecrets?: readonly string[] | undefined;
  /**
   * Is a custom label of `@override(from:, label:)` active for a request? Asked once for each label and request; without
   * it, and where it throws, the label is inactive and the field stays where it was. `percent(n)` is drawn by lot.
   */
  readonly overrideLabels?: LabelDecision;
  /** Draws the lots, from 0 up to 1; `Math.random` by default. */
  readonly random?: () => number;
  /** Errors of variables that are told; coercion stops at the next one. */
  readonly maxVariableErrors?: number;
  /** Longest answer of a subgraph after decompression, in bytes. */
  readonly maxResponseBytes?: number;
  /** Called with the fields of a mutation that have run, before the client is answered. */
  readonly invalidateAfter?: InvalidateAfter | undefined;
  /**
   * How many of the operations asked most are planned for a new supergraph before it takes over. 0 by default: it takes over at
   * once.
   */
  readonly warmPlans?: number;
  /** Structured log; `logger` stays Apollo's own. */
  readonly log?: Logger;
}
