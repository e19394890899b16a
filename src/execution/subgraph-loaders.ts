import DataLoader from 'dataloader';
import type { FetchContext } from '../core/request-context.ts';
import type { SubgraphClient } from '../subgraph/client.ts';
import type { ExecutableGroup } from './executable.ts';
import type { SharedLoaders } from './shared-loaders.ts';
import { share } from './slot-answer.ts';
import type { SlotAnswer } from './slot-answer.ts';
import type { FetchSlot } from './write-request.ts';

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
  const askFor = async (some: readonly FetchSlot[]): Promise<SlotAnswer[]> =>
    share(await subgraphs.send(group.writeRequest(some, variables), context), some);
  const joined = sender.shared?.join(sender, group, slots);
  const shared = joined && (await joined);
  const answers = shared ?? (await askFor(slots));
  const isMerged = shared !== undefined || slots.length > 1;
  if (!isMerged || !mayBeOneSlotsFault(answers) || context.signal.aborted || performance.now() >= context.deadline) {
    return answers;
  }
  // The response decides how many slots a step with contexts has.
  if (slots.length > MAX_APART) return shared === undefined ? answers : askFor(slots);
  // Entity fetches all, for others share no request. One more round, in which nobody suffers for another.
  return (await Promise.all(slots.map((slot) => askFor([slot])))).flat();
}

/** Of more slots than this each is not worth a call of its own. */
const MAX_APART = 10;

/** Statuses by which a server speaks of itself or of its own deadlines: asking more often would make it worse. */
const overloaded = [429, 503, 504];

/** A request that failed as a whole, though not for want of a connection, of time or of strength. */
function mayBeOneSlotsFault([first]: readonly SlotAnswer[]): boolean {
  if (first?.response.data !== null) return false;
  const { failure } = first.response;
  if (failure === undefined) return true;
  const isAnswer = failure.code === 'SUBGRAPH_HTTP_ERROR' || failure.code === 'SUBGRAPH_INVALID_RESPONSE';
  return isAnswer && !overloaded.includes(failure.status);
}
