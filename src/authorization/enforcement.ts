import { GraphQLError } from 'graphql';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import type { DataPhase } from './data-phase.ts';
import type { DeniedField, PreFlight } from './pre-flight.ts';

/**
 * What becomes of a denial. `filter`: null with an error, the rest is answered. `reject`: what is denied before anything
 * is fetched refuses the whole operation. `dryRun`: nothing is denied, the log tells what would have been.
 */
export type EnforcementMode = 'filter' | 'reject' | 'dryRun';

/** The errors of an operation that is refused whole: 403, or 401 for an anonymous client. undefined when nothing is denied. */
export function rejection({ denied }: PreFlight, principal: Principal | null): GraphQLError[] | undefined {
  if (denied.length === 0) return undefined;
  const http = { status: principal === null ? 401 : 403 };
  return denied.map(({ field, denial }) => {
    return new GraphQLError(denial.message, { extensions: { code: denial.code, field, http } });
  });
}

export interface DryRun {
  /** In the place of the data phase: asks the same and denies nothing. */
  readonly dataPhase: DataPhase | undefined;
  /** One line for an operation of which something would have been denied. */
  readonly report: (logger: Logger, operationName: string | undefined) => void;
}

export function dryRun({ denied, denials }: PreFlight, enforced: DataPhase | undefined): DryRun {
  const onData = new Map<string, DeniedField & { positions: number }>();
  return {
    dataPhase: enforced && {
      ...enforced,
      verdict(parentType, node, place) {
        const denial = enforced.decide(parentType, node, place);
        if (denial === undefined) return undefined;
        // Not by a rule: limits are not what is tried out.
        if (denials?.get(node)?.has(parentType) === true) return enforced.verdict(parentType, node, place);
        const field = `${parentType}.${node.name.value}`;
        const known = onData.get(`${field} ${denial.message}`);
        if (known === undefined) onData.set(`${field} ${denial.message}`, { field, denial, positions: 1 });
        else known.positions += 1;
        return undefined;
      },
      pending() {
        const pending = enforced.pending();
        // Projection comes by every position again.
        if (pending !== undefined) onData.clear();
        return pending;
      },
    },
    report(logger, operationName) {
      const all = [...denied, ...onData.values()];
      if (all.length === 0) return;
      const fields = all.map(({ denial: { message, code }, ...where }) => ({ ...where, message, code }));
      logger.warn({ operationName, denied: fields }, 'authorization dry run: this would have been denied');
    },
  };
}
