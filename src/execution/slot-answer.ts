import type { SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import { entitiesKey } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** One slot's share of a response. */
export interface SlotAnswer {
  readonly response: Omit<SubgraphResponse, 'errors'>;
  /** Where its entities stand in the response's data. */
  readonly key: string;
  /** Errors at one of the slot's entities, or of a root fetch. */
  readonly errors: readonly SubgraphError[];
  /** Errors that belong to no slot: they are reported once, and explain to every slot why data is missing. */
  readonly unplaced: readonly SubgraphError[];
  readonly reportsUnplaced: boolean;
}

const noErrors: readonly SubgraphError[] = [];

/** Divides the response to a request among the slots it was written of. */
export function share(response: SubgraphResponse, slots: readonly FetchSlot[]): SlotAnswer[] {
  const keys = slots.map((_, index) => entitiesKey(index, slots.length));
  if (response.errors.length === 0) {
    return keys.map((key) => ({ response, key, errors: noErrors, unplaced: noErrors, reportsUnplaced: false }));
  }
  const owns = ({ path }: SubgraphError, slot: number): boolean =>
    slots[slot]?.step.requires === undefined
      ? path !== undefined && path.length > 0
      : path?.[0] === keys[slot] && typeof path?.[1] === 'number';
  const unplaced = response.errors.filter((error) => !keys.some((_, slot) => owns(error, slot)));
  return keys.map((key, slot) => ({
    response,
    key,
    errors: response.errors.filter((error) => owns(error, slot)),
    unplaced,
    reportsUnplaced: slot === 0,
  }));
}
