import { deepStrictEqual } from 'node:assert';
import { getOperationAST, parse } from 'graphql';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { FetchContext } from '../../src/core/request-context.ts';
import { createExecutable } from '../../src/execution/executable.ts';
import type { Executable } from '../../src/execution/executable.ts';
import { executeOperation } from '../../src/execution/execute-operation.ts';
import type { OperationRun } from '../../src/execution/execute-operation.ts';
import type { AskedOperation } from '../../src/execution/asked-operation.ts';
import { createOperationCache } from '../../src/execution/operation-cache.ts';
import { coerceVariables } from '../../src/limits/coerce-variables.ts';
import { createOperationPlanner } from '../../src/planning/operation-planner.ts';
import { parseResponse } from '../../src/subgraph/read-response.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import type { Ask } from '../floor/ask-subgraph.ts';
import { handWritten } from '../floor/hand-written.ts';
import type { Workload } from '../workloads.ts';
import type { World } from '../worlds/world.ts';
import { RecordedAnswers } from './recorded-answers.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Executes the workload's operation once and answers the response's text. */
export type Operation = () => Promise<string>;

export interface Side {
  readonly key: 'atrium' | 'control';
  readonly title: string;
  readonly operation: Operation;
  /** The same with the stopwatch running. */
  readonly timed: Operation;
  /** What it is answered by the subgraphs. */
  readonly answers: RecordedAnswers;
}

const context: FetchContext = {
  generation: '',
  scopeOf: () => undefined,
  requestId: 'micro',
  headers: {},
  principal: null,
  clientAddress: '',
  signal: new AbortController().signal,
  deadline: Number.POSITIVE_INFINITY,
  responseHeaders: new Map(),
  record: createRequestRecord(),
};

/**
 * Execution without sockets, and the hand-written aggregator doing the same: every answer of a subgraph is parsed anew
 * from its bytes, in the same turn of the event loop or, with `interleaved`, in a later one, so that operations overlap.
 */
export async function createSides(
  workload: Workload,
  world: World,
  interleaved: boolean,
  stopwatch: Stopwatch,
): Promise<readonly [Side, Side]> {
  const prepared = await prepare(workload, world);
  const plan = handWritten.get(workload.name);
  if (plan === undefined) throw new Error(`no aggregator is written for ${workload.name} alone`);
  const [ours, theirs] = [new RecordedAnswers(world, interleaved), new RecordedAnswers(world, interleaved)];
  const timed: Timed = (part, work) => stopwatch.timed(part, work);
  const atrium: Side = {
    key: 'atrium',
    title: 'Atrium',
    operation: atriumOperation(prepared, ours, untimed),
    timed: atriumOperation(prepared, ours, timed),
    answers: ours,
  };
  const control: Side = {
    key: 'control',
    title: 'hand-written',
    operation: controlOperation(plan, theirs, untimed),
    timed: controlOperation(plan, theirs, timed),
    answers: theirs,
  };
  deepStrictEqual(JSON.parse(await atrium.operation()), JSON.parse(await control.operation()));
  ours.recording = false;
  theirs.recording = false;
  return [atrium, control];
}

function atriumOperation({ asked, executable, ...rest }: Prepared, answers: RecordedAnswers, within: Timed): Operation {
  const read = within('parse', (body: Buffer) => parseResponse('application/json', body));
  const stringify = within('stringify', (data: unknown) => JSON.stringify({ data }));
  const run: OperationRun = {
    ...rest,
    asked: timedAsked(asked, within),
    executable: timedExecutable(executable, within),
    verdict: undefined,
    context,
    cache: undefined,
    subgraphs: {
      async send({ subgraph, queryJson, variables }) {
        const parsed = read(await answers.fetch(subgraph, `{"query":${queryJson},"variables":${variables}}`));
        if ('problem' in parsed) throw new Error(parsed.problem);
        return { ...parsed, headers: {} };
      },
    },
  };
  return async () => {
    const { data, errors } = await executeOperation(run);
    if (errors.length > 0) throw new Error(JSON.stringify(errors));
    return stringify(data);
  };
}

function controlOperation(plan: (ask: Ask) => Promise<object>, answers: RecordedAnswers, within: Timed): Operation {
  const read = within('parse', (body: Buffer): unknown => JSON.parse(body.toString('utf8')));
  const write = within('requests', (query: string, variables?: object) => JSON.stringify({ query, variables }));
  const stringify = within('stringify', (data: object) => JSON.stringify({ data }));
  const ask: Ask = async <Data>(subgraph: string, query: string, variables?: object) => {
    const { data } = read(await answers.fetch(subgraph, write(query, variables))) as { data: Data };
    return data;
  };
  return async () => stringify(await plan(ask));
}

const untimed: Timed = (_part, work) => work;

type Timed = <Args extends unknown[], Result>(
  part: string,
  work: (...args: Args) => Result,
) => (...args: Args) => Result;

function timedAsked(asked: AskedOperation, within: Timed): AskedOperation {
  return {
    ...asked,
    shapeFor(variables) {
      const shape = asked.shapeFor(variables);
      const compiled = shape.compiled();
      return { ...shape, compiled: () => compiled && within('projection', compiled) };
    },
  };
}

function timedExecutable({ groups }: Executable, within: Timed): Executable {
  return {
    groups: groups.map((group) => ({
      ...group,
      writeRequest: within('requests', group.writeRequest),
      steps: group.steps.map((step) => ({ ...step, collect: within('collect', step.collect) })),
    })),
  };
}

type Prepared = Pick<OperationRun, 'asked' | 'executable' | 'variables' | 'coercedVariables'>;

async function prepare(workload: Workload, { subgraphs }: World): Promise<Prepared> {
  const composition = await composeSubgraphs(
    subgraphs.map(({ name, sdl }) => ({ name, sdl, url: `http://${name}.test` })),
  );
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraph = buildSupergraph(composition.supergraphSdl);
  const { query, variables = {} }: { query: string; variables?: Record<string, unknown> } = JSON.parse(
    workload.body(0),
  );
  const { apiSchema: schema } = supergraph;
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error(`${workload.name} is no single operation`);
  const { coerced } = coerceVariables(schema, operation, variables, 1);
  if (coerced === undefined) throw new Error(`the variables of ${workload.name} are wrong`);
  const asked = createOperationCache().get({ schema, document, operation, queryHash: '', source: query });
  const { executable, literals } = createOperationPlanner(supergraph, createExecutable).plan({
    document,
    operationName: operation.name?.value,
    documentHash: '',
    names: asked.names,
    variables: coerced,
    conditions: asked.conditionsIn(coerced),
    activeLabels: new Set(),
  });
  return { asked, executable, variables: { ...variables, ...literals }, coercedVariables: coerced };
}
