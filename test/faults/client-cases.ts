import { gzipSync } from 'node:zlib';

/** A client asks what it must not. */
export interface ClientCase {
  /** Of the list of faults. */
  readonly id: string;
  readonly title: string;
  readonly body: () => string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
}

const query = (text: string) => (): string => JSON.stringify({ query: text });
const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join('');
const bad = { status: 400, code: 'BAD_REQUEST' };
const beyond = (limit: string) => ({ status: 400, code: `MAX_${limit}_LIMIT` });

export const clientCases: readonly ClientCase[] = [
  { id: 'A24', title: 'broken JSON', body: () => '{"query":', ...bad },
  { id: 'A24', title: 'a list', body: () => '[{"query":"{me{name}}"}]', ...bad },
  { id: 'A24', title: 'a number for a query', body: () => '{"query":42}', ...bad },
  { id: 'A24', title: 'an empty body', body: () => '', ...bad },
  { id: 'A24', title: 'JSON that nests without end', body: () => '['.repeat(400_000), ...bad },
  { id: 'A24', title: 'bytes that are no UTF-8', body: () => Buffer.from([0x7b, 0xff, 0x7d]), ...bad },
  { id: 'A24', title: '51 MB', body: () => Buffer.alloc(51_000_000, ' '), status: 413, code: 'PAYLOAD_TOO_LARGE' },
  {
    id: 'A24',
    title: 'what inflates to 51 MB',
    body: () => gzipSync(Buffer.alloc(51_000_000, ' ')),
    headers: { 'content-encoding': 'gzip' },
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
  },
  {
    id: 'A24',
    title: 'an operation that is not there',
    body: () => '{"query":"query A{me{name}}","operationName":"B"}',
    status: 400,
    code: 'OPERATION_RESOLUTION_FAILURE',
  },
  {
    id: 'A24',
    title: 'a type that a foreign page can send',
    body: query('{me{name}}'),
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    id: 'A24',
    title: 'a type that nobody can answer in',
    body: query('{me{name}}'),
    headers: { accept: 'text/html' },
    status: 406,
    code: 'NOT_ACCEPTABLE',
  },
  {
    id: 'A25',
    title: '60,000 aliases',
    body: query(`{me{${times(60_000, (at) => `a${at}:name `)}}}`),
    ...beyond('TOKENS'),
  },
  {
    id: 'A25',
    title: '1,000 aliases',
    body: query(`{me{${times(1_000, (at) => `a${at}:name `)}}}`),
    ...beyond('ALIASES'),
  },
  {
    id: 'A25',
    title: '150,000 times one field',
    body: query(`{me{${'name '.repeat(150_000)}}}`),
    ...beyond('TOKENS'),
  },
  { id: 'A25', title: '9,000 times one field', body: query(`{me{${'id '.repeat(9_000)}}}`), ...beyond('SELECTIONS') },
  {
    id: 'A25',
    title: 'ten thousand levels',
    body: query(`{me${'{me'.repeat(10_000)}${'}'.repeat(10_001)}`),
    ...beyond('DEPTH'),
  },
  {
    id: 'A25',
    title: '50,000 directives',
    body: query(`{me @a${' @a'.repeat(50_000)} {name}}`),
    ...beyond('TOKENS'),
  },
  {
    id: 'A25',
    title: '600 directives',
    body: query(`{me{${'id @skip(if:false) '.repeat(300)}} top{${'id @skip(if:false) '.repeat(300)}}}`),
    ...beyond('DIRECTIVES'),
  },
  {
    id: 'A25',
    title: 'a fragment that spreads itself',
    body: query('{me{...A}} fragment A on User{...B} fragment B on User{name ...A}'),
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    id: 'A25',
    title: 'fragments that double thirty times',
    body: query(
      `{me{...F0}}${times(30, (at) => `fragment F${at} on User{...F${at + 1} ...F${at + 1}}`)}fragment F30 on User{name}`,
    ),
    ...beyond('SELECTIONS'),
  },
];
