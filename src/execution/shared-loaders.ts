import { randomUUID } from 'node:crypto';
import DataLoader from 'dataloader';
import type { ErrorCode } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import { createRequestRecord } from '../core/request-context.ts';
import type { FetchContext, Scope } from '../core/request-context.ts';
import type { FetchStep } from '../planning/fetch-plan.ts';
import { failedResponse } from '../subgraph/client.ts';
import type { SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import { addResponseHeader } from '../subgraph/headers.ts';
import type { ExecutableGroup } from './executable.ts';
import { getOwn, setOwn } from './own.ts';
import type { Sender } from './subgraph-loaders.ts';
import { createRequestWriter, entitiesKey, selectionText } from './write-request.ts';
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
  /** For each slot, the field of the batch it became and the index there of each of its representations. */
  readonly places: readonly { readonly field: number; readonly indexes: readonly number[] }[];
  hasLeft: boolean;
}

/** Slots of one step and one context, as one `_entities` field. */
interface Field {
  readonly index: number;
  readonly slot: FetchSlot;
  readonly indexOf: Map<string, number>;
}

/** Until it is sent, then forgotten: nothing is kept of a scope that is idle. */
interface Batch {
  readonly loader: DataLoader<Member, SubgraphResponse | undefined>;
  readonly scope: Scope;
  readonly fields: Map<string, Field>;
  readonly members: Member[];
  /** Sends it. */
  dispatch: () => void;
  entities: number;
  requestId: string;
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
  ): Promise<SubgraphResponse | undefined> | undefined {
    const options = this.#options.get(group.subgraph);
    if (options === undefined || slots.some(({ step }) => step.requires === undefined)) return undefined;
    const scope = sender.context.scopeOf(group.subgraph);
    if (scope === undefined) return undefined;
    const key = JSON.stringify([group.subgraph, scope.key, ...whatVariablesSay(slots, sender.variables)]);
    let batch = this.#batches.get(key);
    const isFull = batch !== undefined && batch.entities + countNew(batch, slots) > options.maxEntities;
    // Of a batch that everybody left, the request would be ended as soon as it is sent.
    if (batch !== undefined && (isFull || batch.abandoned.signal.aborted)) {
      batch.dispatch();
      batch = undefined;
    }
    batch ??= this.#open(key, scope, options);
    const { subgraphs, context, variables } = sender;
    const member: Member = {
      subgraphs,
      context,
      variables,
      group,
      slots,
      places: slots.map((slot) => take(batch, slot)),
      hasLeft: false,
    };
    batch.members.push(member);
    const answer = stay(batch, member, batch.loader.load(member));
    if (batch.entities >= options.maxEntities) batch.dispatch();
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
      fields: new Map(),
      members: [],
      dispatch: () => {},
      entities: 0,
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

const stepTexts = new WeakMap<FetchStep, string>();

/** Equal for slots that ask the same of their entities, also when they come from different operations. */
function fieldKey({ step, contexts = [] }: FetchSlot): string {
  let text = stepTexts.get(step);
  if (text === undefined) {
    text = JSON.stringify([selectionText(step.text), step.contexts.map(({ name, type }) => [name, type])]);
    stepTexts.set(step, text);
  }
  return contexts.length === 0 ? text : text + JSON.stringify(contexts);
}

function countNew({ fields }: Batch, slots: readonly FetchSlot[]): number {
  let count = 0;
  for (const slot of slots) {
    const known = fields.get(fieldKey(slot))?.indexOf;
    for (const representation of slot.representations) if (known?.has(representation) !== true) count += 1;
  }
  return count;
}

function take(batch: Batch, slot: FetchSlot): Member['places'][number] {
  const key = fieldKey(slot);
  const field = batch.fields.get(key) ?? { index: batch.fields.size, slot, indexOf: new Map<string, number>() };
  batch.fields.set(key, field);
  const { indexOf } = field;
  const indexes = slot.representations.map((representation) => {
    const known = indexOf.get(representation);
    if (known !== undefined) return known;
    batch.entities += 1;
    indexOf.set(representation, indexOf.size);
    return indexOf.size - 1;
  });
  return { field: field.index, indexes };
}

/** Waits with the others until the answer is there, this member's deadline has come or its client has left. */
function stay(
  batch: Batch,
  member: Member,
  answer: Promise<SubgraphResponse | undefined>,
): Promise<SubgraphResponse | undefined> {
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
        milliseconds: performance.now() - joined,
        status: 0,
        entities: entitiesOf(member),
        code,
        sharedId: batch.requestId,
      });
      resolve(failedResponse(code, 0));
    };
    const onAbort = (): void => leave('SUBGRAPH_UNREACHABLE');
    const timer = setTimeout(() => leave('SUBGRAPH_TIMEOUT'), deadline - joined);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    answer.finally(settle).then(resolve, reject);
  });
}

/** undefined when there is nobody left to share with. */
async function send(batch: Batch): Promise<{ response: SubgraphResponse; context: FetchContext } | undefined> {
  const present = batch.members.filter(({ hasLeft }) => !hasLeft);
  const [first] = present;
  if (first === undefined || present.length === 1) return undefined;
  const { scope, requestId, abandoned } = batch;
  const context: FetchContext = {
    requestId,
    headers: scope.headers,
    principal: scope.principal,
    clientAddress: '',
    signal: abandoned.signal,
    deadline: Math.max(...present.map((member) => member.context.deadline)),
    responseHeaders: new Map(),
    record: createRequestRecord(),
    generation: first.context.generation,
    scopeOf: () => scope,
  };
  const slots = [...batch.fields.values()].map(({ slot: { step, contexts }, indexOf }) => ({
    step,
    representations: [...indexOf.keys()],
    ...(contexts === undefined ? {} : { contexts }),
  }));
  // The text of one operation's steps is the same every time; a mix of operations' would only fill the memory.
  const isOwn = slots.every(({ step }) => first.group.steps.some((own) => own === step));
  const writeRequest = isOwn ? first.group.writeRequest : createRequestWriter();
  return { response: await first.subgraphs.send(writeRequest(slots, first.variables), context), context };
}

function answerMembers(
  batch: Batch,
  sent: Awaited<ReturnType<typeof send>>,
  members: readonly Member[],
): (SubgraphResponse | undefined)[] {
  if (sent === undefined) return members.map(() => undefined);
  const answer = new BatchAnswer([...batch.fields.values()], sent.response);
  return members.map((member) => {
    if (member.hasLeft) return undefined;
    const { context } = member;
    for (const call of sent.context.record.calls) {
      context.record.calls.push({ ...call, entities: entitiesOf(member), sharedId: batch.requestId });
    }
    for (const [name, value] of sent.context.responseHeaders) addResponseHeader(context, name, value);
    return answer.for(member);
  });
}

/** Where errors of a field stand that name none of its entities. */
const WHOLE_FIELD = -1;

/** A batch's response, to be told to each member in its own terms. */
class BatchAnswer {
  readonly #response: SubgraphResponse;
  /** By field: the entities, undefined when they are not what was asked for, and who has been given which already. */
  readonly #entities: (readonly unknown[] | undefined)[];
  readonly #given: Set<number>[];
  readonly #errors: Map<number, SubgraphError[]>[];
  readonly #unplaced: SubgraphError[] = [];

  constructor(fields: readonly Field[], response: SubgraphResponse) {
    const { data, errors } = response;
    const keys = fields.map((_, index) => entitiesKey(index, fields.length));
    this.#response = response;
    this.#entities = fields.map(({ indexOf }, index) => {
      const entities = data === null ? undefined : getOwn(data, keys[index] ?? '');
      return Array.isArray(entities) && entities.length === indexOf.size ? entities : undefined;
    });
    this.#given = fields.map(() => new Set());
    this.#errors = fields.map(() => new Map());
    for (const error of errors) {
      const [key, index] = error.path ?? [];
      const own = this.#errors[keys.indexOf(String(key))];
      const place = typeof index === 'number' ? index : WHOLE_FIELD;
      if (own === undefined) this.#unplaced.push(error);
      else own.set(place, [...(own.get(place) ?? []), error]);
    }
  }

  /** undefined where only an answer of its own would tell what is the member's: it asks alone. */
  for({ places }: Member): SubgraphResponse | undefined {
    const isOdd = places.some(
      ({ field }) => this.#entities[field] === undefined && !this.#errors[field]?.has(WHOLE_FIELD),
    );
    if (this.#response.data !== null && (isOdd || this.#unplaced.length > 0)) return undefined;
    const data: Record<string, unknown> = {};
    const errors = [...this.#unplaced];
    for (const [slot, { field, indexes }] of places.entries()) {
      const key = entitiesKey(slot, places.length);
      const entities = this.#entities[field];
      if (entities !== undefined) {
        const own = indexes.map((index) => this.#give(field, index, entities[index]));
        setOwn(data, key, own);
      }
      errors.push(...(this.#errors[field]?.get(WHOLE_FIELD) ?? []));
      for (const [index, place] of indexes.entries()) {
        for (const error of this.#errors[field]?.get(place) ?? []) {
          errors.push({ ...error, path: [key, index, ...(error.path ?? []).slice(2)] });
        }
      }
    }
    return { ...this.#response, data: this.#response.data === null ? null : data, errors };
  }

  /** Whoever merges an entity makes it its own, so the next one gets a copy. */
  #give(field: number, index: number, entity: unknown): unknown {
    const given = this.#given[field];
    if (given?.has(index) === true) {
      try {
        return structuredClone(entity);
      } catch {
        // It nests too deeply.
        return undefined;
      }
    }
    given?.add(index);
    return entity;
  }
}

function entitiesOf({ slots }: Member): number {
  return slots.reduce((sum, { representations }) => sum + representations.length, 0);
}
