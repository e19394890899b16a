/** A fault of the list that this folder goes through. */
export interface ListedFault {
  readonly id: string;
  readonly title: string;
  /** The file in this folder whose cases carry the id. */
  readonly cases: string;
  /** Suites elsewhere that look at it more closely. */
  readonly coveredBy?: readonly string[];
}

const [transport, answers, clients, clientCases, redis, operators, processes] = [
  'transport-cases.ts',
  'answer-cases.ts',
  'client-faults.test.ts',
  'client-cases.ts',
  'redis-faults.test.ts',
  'operator-faults.test.ts',
  'processes.long.test.ts',
] as const;

export const listedFaults: readonly ListedFault[] = [
  { id: 'A1', title: 'a subgraph refuses connections, or its name is not known', cases: transport },
  { id: 'A2', title: 'hangs before the head of its answer', cases: transport },
  { id: 'A3', title: 'drips', cases: transport },
  { id: 'A4', title: 'says something else than JSON', cases: transport },
  { id: 'A5', title: 'cuts its answer short', cases: transport, coveredBy: ['test/subgraph/connections.test.ts'] },
  { id: 'A6', title: 'resets the connection', cases: transport, coveredBy: ['test/subgraph/connections.test.ts'] },
  { id: 'A7', title: 'says too much', cases: transport },
  { id: 'A8', title: 'names another media type', cases: transport },
  { id: 'A9', title: 'puts a GraphQL answer into an HTTP error', cases: answers },
  { id: 'A10', title: 'answers without data', cases: answers },
  { id: 'A11', title: 'answers with other entities than were asked for', cases: answers },
  { id: 'A12', title: 'lacks some entities', cases: answers },
  { id: 'A13', title: 'says what it was not asked', cases: answers },
  { id: 'A14', title: 'redirects', cases: transport },
  { id: 'A15', title: 'asks for patience', cases: transport, coveredBy: ['test/subgraph/retries.test.ts'] },
  {
    id: 'A16',
    title: 'Redis is down, at the start and later',
    cases: redis,
    coveredBy: ['test/cache/redis-faults.test.ts'],
  },
  { id: 'A17', title: 'Redis hangs', cases: redis, coveredBy: ['test/rate-limit/redis-faults.test.ts'] },
  { id: 'A18', title: 'Redis answers with errors', cases: redis, coveredBy: ['test/cache/redis-faults.test.ts'] },
  { id: 'A19', title: 'Redis forgets', cases: redis },
  { id: 'A20', title: 'a new supergraph is none', cases: operators, coveredBy: ['test/supergraph/manager.test.ts'] },
  { id: 'A21', title: 'a new supergraph comes under load', cases: operators },
  { id: 'A22', title: 'SIGTERM', cases: processes, coveredBy: ['test/server/stop.test.ts'] },
  { id: 'A23', title: 'a client leaves', cases: clients },
  {
    id: 'A24',
    title: 'a client sends what is no request',
    cases: clientCases,
    coveredBy: ['test/server/content-parser.test.ts'],
  },
  {
    id: 'A25',
    title: 'a client sends too large an operation',
    cases: clientCases,
    coveredBy: ['test/limits/operation-limits.test.ts'],
  },
  {
    id: 'A26',
    title: 'clients are slow, or say nothing',
    cases: clients,
    coveredBy: ['test/server/timeouts.long.test.ts'],
  },
  {
    id: 'A27',
    title: 'many ask at once where few may',
    cases: processes,
    coveredBy: ['test/rate-limit/limiter.test.ts'],
  },
  { id: 'A28', title: 'many ask the same for the first time', cases: clients },
  {
    id: 'A29',
    title: 'the store of registered queries hangs',
    cases: redis,
    coveredBy: ['test/documents/persisted-queries.test.ts'],
  },
  {
    id: 'A30',
    title: 'an issuer of tokens is down',
    cases: operators,
    coveredBy: ['test/authentication/authenticator.test.ts'],
  },
  { id: 'A31', title: 'one thing is asked for twice', cases: clients },
];
