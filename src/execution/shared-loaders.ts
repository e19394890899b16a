import { randomUUID } from 'node:crypto';
import DataLoader from 'dataloader';
import type { ErrorCode } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import { createRequestContext } from '../core/request-context.ts';
import type { FetchContext, Scope } from '../core/request-context.ts';
import { newTrace } from '../core/trace-context.ts';
import { failedResponse } from '../subgraph/client.ts';
import { addResponseHeader } from '../subgraph/headers.ts';
import { BatchAnswer } from './batch-answer.ts';
import type { BatchPlace } from './batch-answer.ts';
import { BatchQuestion } from './batch-question.ts';
import type { ExecutableGroup } from './executable.ts';
import { getOwn } from './own.ts';
import { share } from './slot-answer.ts';
import type { SlotAnswer } from './slot-answer.ts';
import type { Sender } from './subgraph-loaders.ts';
import { createRequestWriter } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** When entity look-ups of concurrent requests go to a subgraph in one call. */
export interface Batching {
  /** Longest wait for others, in milliseconds; 0 waits for no more than what the event loop has ready. */
  readonly windowMs: number;
  /** With so many different entities a batch is sent at once; a single request that has more is sent whole. */
  readonly maxEntities: number;
}

/** A request that takes part in a batch, with all slots of one group. */
interface Member extends Sender {
  readonly group: ExecutableGroup;
  readonly slots: readonly FetchSlot[];
  /** For each slot. */
  readonly places: readonly BatchPlace[];
  hasLeft: boolean;
}

/** Until it is sent, then forgotten: nothing is kept of a scope that is idle. */
interface Batch {
  readonly loader: DataLoader<Member, SlotAnswer[] | undefined>;
  readonly scope: Scope;
  readonly question: BatchQuestion;
  readonly members: Member[];
  /** Sends it. */
  dispatch: () => void;
  readonly requestId: string;
  readonly abandoned: AbortController;
}

/**
 * Gathers entity fetches of concurrent requests into one HTTP request: a DataLoader for each subgraph, scope and set of
 * variable values, whose schedule is a short window. One instance serves one generation. The shared request is made of
 * what its members' scopes have in common and of nothing else of theirs: it has a request id of its own, no trace
 * context, their longest deadline, and ends when the last of them has left.
 */
export class SharedLoaders {
  readonly #options: ReadonlyMap<string, Batching>;
  readonly #batches = new Map<string, Batch>();

  constructor(options: ReadonlyMap<string, Batching>) {
    this.#options = options;
  }

  /**
   * The answer as if the member had asked alone; resolves with undefined when it has to, because nobody joined it or because
   * the shared answer does not tell what is whose. undefined at once when its fetches may not be shared.
   */
  join(
    sender: Sender,
    group: ExecutableGroup,
    slots: readonly FetchSlot[],
  ): Promise<SlotAnswer[] | undefined> | undefined {
    const options = this.#options.get(group.subgraph);
    if (options === undefined || slots.some(({ step }) => step.requires === undefined)) return undefined;
    const scope = sender.context.scopeOf(group.subgraph);
    if (scope === undefined) return undefined;
    const key = JSON.stringify([group.subgraph, scope.key, ...whatVariablesSay(slots, sender.variables)]);
    let batch = this.#batches.get(key);
    const isFull = batch !== undefined && batch.question.entitiesWith(slots) > options.maxEntities;
    // Of a batch that everybody left, the request would be ended as soon as it is sent.
    if (batch !== undefined && (isFull || batch.abandoned.signal.aborted)) {
      batch.dispatch();
      batch = undefined;
    }
    batch ??= this.#open(key, scope, options);
    const { question } = batch;
    const { subgraphs, context, variables } = sender;
    const member: Member = {
      subgraphs,
      context,
      variables,
      group,
      slots,
      places: slots.map((slot) => question.add(slot)),
      hasLeft: false,
    };
    batch.members.push(member);
    const answer = stay(batch, member, batch.loader.load(member));
    if (question.entities >= options.maxEntities) batch.dispatch();
    return answer;
  }

  #open(key: string, scope: Scope, { windowMs }: Batching): Batch {
    const batch: Batch = {
      loader: new DataLoader(async (members) => answerMembers(batch, await send(batch), members), {
        cache: false,
        batchScheduleFn: (dispatch) => {
          const stopWaiting = schedule(() => batch.dispatch(), windowMs);
          batch.dispatch = () => {
            stopWaiting();
            this.#batches.delete(key);
            dispatch();
          };
        },
      }),
      scope,
      question: new BatchQuestion(),
      members: [],
      dispatch: () => {},
      requestId: randomUUID(),
      abandoned: new AbortController(),
    };
    this.#batches.set(key, batch);
    return batch;
  }
}

function schedule(run: () => void, windowMs: number): () => void {
  if (windowMs === 0) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(run, windowMs);
  return () => clearTimeout(timer);
}

/** Definitions, values and directives: a variable has one of each in a request. */
function whatVariablesSay(slots: readonly FetchSlot[], variables: Sender['variables']): string[] {
  const definitions = new Set(slots.flatMap(({ step }) => step.text.variableDefinitions));
  const names = slots.flatMap(({ step }) => step.variables);
  const used = Object.fromEntries(names.map((name) => [name, getOwn(variables, name)]));
  const directives = slots.map(({ step }) => step.text.directives);
  return [[...definitions].toSorted().join(), canonicalJson(used), directives.at(-1) ?? ''];
}

/** Waits with the others until the answer is there, this member's deadline has come or its client has left. */
function stay(
  batch: Batch,
  member: Member,
  answer: Promise<SlotAnswer[] | undefined>,
): Promise<SlotAnswer[] | undefined> {
  const { deadline, signal, record } = member.context;
  const joined = performance.now();
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const leave = (code: ErrorCode): void => {
      settle();
      member.hasLeft = true;
      if (batch.members.every(({ hasLeft }) => hasLeft)) batch.abandoned.abort();
      record.calls.push({
        subgraph: member.group.subgraph,
        startedAt: joined,
        group: member.group.index,
        milliseconds: performance.now() - joined,
        status: 0,
        entities: entitiesOf(member),
        code,
        sharedId: batch.requestId,
      });
      resolve(share(failedResponse(code, 0), member.slots));
    };
    const onAbort = (): void => leave('SUBGRAPH_UNREACHABLE');
    const timer = setTimeout(() => leave('SUBGRAPH_TIMEOUT'), deadline - joined);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    answer.finally(settle).then(resolve, reject);
  });
}

/** undefined when there is nobody left to share with. */
async function send(batch: Batch): Promise<{ answer: BatchAnswer; context: FetchContext } | undefined> {
  const present = batch.members.filter(({ hasLeft }) => !hasLeft);
  const [first] = present;
  if (first === undefined || present.length === 1) return undefined;
  const { scope, requestId, abandoned } = batch;
  const { headers, principal } = scope;
  const deadline = Math.max(...present.map((member) => member.context.deadline));
  const request = createRequestContext({ requestId, headers, principal, deadline, signal: abandoned.signal });
  const traces = present.flatMap((member) => member.context.record.trace ?? []);
  if (traces.length > 0) request.record.trace = newTrace(traces.some(({ isSampled }) => isSampled));
  const context: FetchContext = {
    ...request,
    generation: first.context.generation,
    scopeOf: () => scope,
  };
  const slots = batch.question.slots();
  // The text of one operation's steps is the same every time; a mix of operations' would only fill the memory.
  const isOwn = slots.every(({ step }) => first.group.steps.some((own) => own === step));
  const writeRequest = isOwn ? first.group.writeRequest : createRequestWriter();
  const response = await first.subgraphs.send(writeRequest(slots, first.variables), context);
  return { answer: new BatchAnswer(slots, response), context };
}

function answerMembers(
  batch: Batch,
  sent: Awaited<ReturnType<typeof send>>,
  members: readonly Member[],
): (SlotAnswer[] | undefined)[] {
  if (sent === undefined) return members.map(() => undefined);
  const counting = members.find(({ hasLeft }) => !hasLeft);
  return members.map((member) => {
    if (member.hasLeft) return undefined;
    const { context } = member;
    for (const call of sent.context.record.calls) {
      context.record.calls.push({
        ...call,
        entities: entitiesOf(member),
        group: member.group.index,
        sharedId: batch.requestId,
        sharedTrace: sent.context.record.trace,
        isCopy: member !== counting,
      });
    }
    for (const [name, value] of sent.context.responseHeaders) addResponseHeader(context, name, value);
    return sent.answer.for(member.places);
  });
}

function entitiesOf({ slots }: Member): number {
  return slots.reduce((sum, { representations }) => sum + representations.length, 0);
}
