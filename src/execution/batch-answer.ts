import { isJsonObject } from '../core/json.ts';
import type { SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import { getOwn, setOwn } from './own.ts';
import { share } from './slot-answer.ts';
import type { SlotAnswer } from './slot-answer.ts';
import type { FetchSlot } from './write-request.ts';

/** What became of a member's slot: the slot of the batch, and the index there of each of its representations. */
export interface BatchPlace {
  readonly slot: number;
  readonly indexes: readonly number[];
}

/** One slot's part of a batch's response. */
interface Part extends SlotAnswer {
  /** undefined when they are not what was asked for. */
  readonly entities: readonly unknown[] | undefined;
  /** By the index of the entity they are at. */
  readonly errorsAt: ReadonlyMap<unknown, readonly SubgraphError[]>;
  /** The entities that some member has already. */
  readonly given: Set<number>;
}

/** A batch's response, to be told to each member in its own terms. */
export class BatchAnswer {
  readonly #parts: readonly Part[];

  constructor(slots: readonly FetchSlot[], response: SubgraphResponse) {
    this.#parts = share(response, slots).map((answer, index) => {
      const entities = response.data === null ? undefined : getOwn(response.data, answer.key);
      const isWhole = Array.isArray(entities) && entities.length === slots[index]?.representations.length;
      return {
        ...answer,
        entities: isWhole ? entities : undefined,
        errorsAt: Map.groupBy(answer.errors, ({ path }) => path?.[1]),
        given: new Set(),
      };
    });
  }

  /** undefined where only an answer of its own would tell what is the member's: it asks alone. */
  for(places: readonly BatchPlace[]): SlotAnswer[] | undefined {
    const answers: SlotAnswer[] = [];
    for (const { slot, indexes } of places) {
      const part = this.#parts[slot];
      if (part === undefined) return undefined;
      const { response, key, entities, unplaced } = part;
      if (response.data !== null && (entities === undefined || unplaced.length > 0)) return undefined;
      const data = entities && { [key]: indexes.map((index) => give(index, entities[index], part.given)) };
      const errors = indexes.flatMap((index, own) =>
        (part.errorsAt.get(index) ?? []).map((error) => ({
          ...error,
          path: [key, own, ...(error.path ?? []).slice(2)],
        })),
      );
      const reportsUnplaced = answers.length === 0;
      const tags = part.tags && ((own: number) => part.tags?.(indexes[own] ?? -1));
      answers.push({ response: { ...response, data: data ?? null }, key, errors, unplaced, reportsUnplaced, tags });
    }
    return answers;
  }
}

/** Whoever merges an entity makes it its own, so the next one gets a copy. */
function give(index: number, entity: unknown, given: Set<number>): unknown {
  if (!given.has(index)) {
    given.add(index);
    return entity;
  }
  try {
    return copied(entity);
  } catch {
    // It nests too deeply.
    return undefined;
  }
}

/** Of a value as JSON.parse makes them; what cannot be changed is not copied. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isJsonObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwn(copy, key, copied(value[key]));
  return copy;
}
