import DataLoader from 'dataloader';
import type { FetchContext } from '../core/request-context.ts';
import type { SubgraphClient, SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import type { ExecutableGroup } from './executable.ts';
import type { SharedLoaders } from './shared-loaders.ts';
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
  readonly context: FetchContext;
  /** The client's variables as they came. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Of all requests of the generation; absent when no subgraph gathers fetches of several. */
  readonly shared?: SharedLoaders | undefined;
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

function createLoader(sender: Sender, group: ExecutableGroup): SubgraphLoader {
  const created: SubgraphLoader = {
    group,
    dispatch: () => {},
    loader: new DataLoader((slots) => ask(sender, created.group, slots), {
      cache: false,
      batchScheduleFn: (dispatch) => (created.dispatch = dispatch),
    }),
  };
  return created;
}

async function ask(sender: Sender, group: ExecutableGroup, slots: readonly FetchSlot[]): Promise<SlotAnswer[]> {
  const { subgraphs, context, variables } = sender;
  const joined = sender.shared?.join(sender, group, slots);
  const shared = joined && (await joined);
  const response = shared ?? (await subgraphs.send(group.writeRequest(slots, variables), context));
  const isMerged = shared !== undefined || slots.length > 1;
  if (!isMerged || !mayBeOneSlotsFault(response) || context.signal.aborted || performance.now() >= context.deadline) {
    return share(response, slots);
  }
  // The response decides how many slots a step with contexts has.
  if (slots.length > MAX_APART) {
    return share(
      shared === undefined ? response : await subgraphs.send(group.writeRequest(slots, variables), context),
      slots,
    );
  }
  // Entity fetches all, for others share no request. One more round, in which nobody suffers for another.
  const answers = slots.map(async (slot) => {
    return share(await subgraphs.send(group.writeRequest([slot], variables), context), [slot]);
  });
  return (await Promise.all(answers)).flat();
}

/** Of more slots than this each is not worth a call of its own. */
const MAX_APART = 10;

/** Statuses by which a server speaks of itself or of its own deadlines: asking more often would make it worse. */
const overloaded = [429, 503, 504];

/** A request that failed as a whole, though not for want of a connection, of time or of strength. */
function mayBeOneSlotsFault({ data, failure }: SubgraphResponse): boolean {
  if (data !== null) return false;
  if (failure === undefined) return true;
  const isAnswer = failure.code === 'SUBGRAPH_HTTP_ERROR' || failure.code === 'SUBGRAPH_INVALID_RESPONSE';
  return isAnswer && !overloaded.includes(failure.status);
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
