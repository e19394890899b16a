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
  /** The cache tags of a value by its position; undefined where they cannot be told from those of other slots. */
  readonly tags: ((position: number) => unknown) | undefined;
}

const noErrors: readonly SubgraphError[] = [];

/** Divides the response to a request among the slots it was written of. */
export function share(response: SubgraphResponse, slots: readonly FetchSlot[]): SlotAnswer[] {
  const keys = slots.map((_, index) => entitiesKey(index, slots.length));
  if (response.errors.length === 0) {
    return keys.map((key, slot) => ({
      response,
      key,
      errors: noErrors,
      unplaced: noErrors,
      reportsUnplaced: false,
      tags: tagsOf(response, slots, slot),
    }));
  }
  const owns = ({ path }: SubgraphError, slot: number): boolean =>
    slots[slot]?.step.requires === undefined
      ? path !== undefined && path.length > 0
      : path?.[0] === keys[slot] && isAsked(path?.[1], slots[slot]);
  const unplaced = response.errors.filter((error) => !keys.some((_, slot) => owns(error, slot)));
  return keys.map((key, slot) => ({
    response,
    key,
    errors: response.errors.filter((error) => owns(error, slot)),
    unplaced,
    reportsUnplaced: slot === 0,
    tags: tagsOf(response, slots, slot),
  }));
}

function isAsked(at: string | number | undefined, { representations }: FetchSlot): boolean {
  return typeof at === 'number' && representations[at] !== undefined;
}

/** Those of entities stand in the order of one `_entities` field, those of root fields are for all of them. */
function tagsOf({ extensions }: SubgraphResponse, slots: readonly FetchSlot[], slot: number): SlotAnswer['tags'] {
  if (slots[slot]?.step.requires === undefined) return () => extensions?.['apolloCacheTags'];
  const tags = extensions?.['apolloEntityCacheTags'];
  if (tags === undefined) return () => undefined;
  return slots.length === 1 && Array.isArray(tags) ? (position) => tags[position] : undefined;
}
