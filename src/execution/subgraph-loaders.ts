import DataLoader from 'dataloader';
import type { RequestContext } from '../core/request-context.ts';
import type { SubgraphClient, SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import type { ExecutableGroup } from './executable.ts';
import { entitiesKey } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** One slot's share of a response. */
export interface SlotAnswer {
  readonly response: SubgraphResponse;
  /** Where its entities stand in the response's data. */
  readonly key: string;
  /** Errors below the slot's key, or of a root fetch. */
  readonly errors: readonly SubgraphError[];
  /** Errors that belong to no slot: they are reported once, and explain to every slot why data is missing. */
  readonly unplaced: readonly SubgraphError[];
  readonly reportsUnplaced: boolean;
}

export interface Sender {
  readonly subgraphs: SubgraphClient;
  readonly context: RequestContext;
  /** The client's variables as they came. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A request's loaders, one for each subgraph; a loader sends its batch when a group of the plan is complete. */
export class SubgraphLoaders {
  readonly #sender: Sender;
  readonly #loaders = new Map<string, SubgraphLoader>();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Sends all slots of a group in one request. */
  send(group: ExecutableGroup, slots: readonly FetchSlot[]): Promise<SlotAnswer[]> {
    let entry = this.#loaders.get(group.subgraph);
    if (entry === undefined) {
      entry = createLoader(this.#sender, group);
      this.#loaders.set(group.subgraph, entry);
    }
    entry.group = group;
    const answers = slots.map((slot) => entry.loader.load(slot));
    entry.dispatch();
    return Promise.all(answers);
  }
}

interface SubgraphLoader {
  readonly loader: DataLoader<FetchSlot, SlotAnswer>;
  /** Set by the loader as soon as it has something to send. */
  dispatch: () => void;
  group: ExecutableGroup;
}

function createLoader({ subgraphs, context, variables }: Sender, group: ExecutableGroup): SubgraphLoader {
  const created: SubgraphLoader = {
    group,
    dispatch: () => {},
    loader: new DataLoader(
      async (slots) => {
        const request = created.group.writeRequest(slots, variables);
        return share(await subgraphs.send(request, context), slots);
      },
      { cache: false, batchScheduleFn: (dispatch) => (created.dispatch = dispatch) },
    ),
  };
  return created;
}

const noErrors: readonly SubgraphError[] = [];

function share(response: SubgraphResponse, slots: readonly FetchSlot[]): SlotAnswer[] {
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
