import { connectionHeaders } from '../core/connection-headers.ts';
import { correlatingHeaders } from '../core/correlating-headers.ts';
import { ConfigurationError } from '../core/errors.ts';
import { identityHeaderProblems, identityOf } from '../core/identity-headers.ts';
import type { IdentityHeaders } from '../core/identity-headers.ts';
import { timeoutHeader } from '../core/request-context.ts';
import type { RequestContext, Scope } from '../core/request-context.ts';

/** Which headers cross the gateway; names in any case. */
export interface HeaderRules {
  readonly toSubgraphs: readonly string[];
  readonly toClients: readonly string[];
  /** What subgraphs are told of the principal: `subject`, `issuer`, `roles`, `scopes` or `claims.<name>` by header. */
  readonly fromPrincipal?: IdentityHeaders;
}

/** Beside those, what is written by whoever sends the message. */
const NEVER_FORWARDED = new Set<string>([
  ...connectionHeaders,
  'host',
  'accept',
  'accept-encoding',
  'set-cookie',
  timeoutHeader,
]);

/** Whether an answer may be kept is the gateway's to say: it is made of several, for one client. */
const NEVER_RETURNED = ['cache-control', 'age', 'vary', 'etag'];

/** W3C Trace Context and Baggage. */
const TRACE_CONTEXT = ['traceparent', 'tracestate', 'baggage'];

/** Whoever may ask on whose behalf: a service that trusts one of them has to be told that it was not sent, too. */
const CREDENTIALS = ['authorization', 'cookie'];

/** A request as far as it says whose it is. */
export type Asker = Pick<RequestContext, 'headers' | 'principal'>;

/** Decides the headers of requests to subgraphs and of answers to clients. */
export interface HeaderPolicy {
  /** Names in lower case. What the gateway writes itself wins over what the client sent. `timeoutMs` is left for the answer. */
  toSubgraph(context: RequestContext, timeoutMs: number): Record<string, string>;
  /** Headers that tell a subgraph who asks or for whom; names in lower case. */
  readonly deciding: readonly string[];
  /** What of a request to a subgraph decides whose answer it is. */
  readonly scopeOf: (context: Asker) => Scope;
  /** Adds a subgraph's headers to the client's answer; values of several subgraphs stand side by side. */
  toClient(headers: Readonly<Record<string, string | undefined>>, context: RequestContext): void;
}

/** `signs`: requests name the principal in their signature. */
export function createHeaderPolicy(rules: HeaderRules, { signs = false } = {}): HeaderPolicy {
  const allowed = (names: readonly string[]): string[] =>
    [...new Set(names.map((name) => name.toLowerCase()))].filter(
      (name) => !NEVER_FORWARDED.has(name) && !name.startsWith('x-atrium-'),
    );
  const { fromPrincipal = {} } = rules;
  const [problem] = identityHeaderProblems(fromPrincipal, rules.toSubgraphs);
  if (problem !== undefined) throw new ConfigurationError(`headers.fromPrincipal.${problem.name}: ${problem.message}`);
  const tellsPrincipal = signs || Object.keys(fromPrincipal).length > 0;
  const forwarded = allowed([...rules.toSubgraphs, ...TRACE_CONTEXT]);
  const returned = allowed(rules.toClients).filter((name) => !NEVER_RETURNED.includes(name));
  const deciding = forwarded.filter((name) => !correlatingHeaders.includes(name));
  return {
    deciding: [...deciding, ...CREDENTIALS, ...Object.keys(fromPrincipal).map((name) => name.toLowerCase())],
    toSubgraph(context, timeoutMs) {
      const headers = pick(forwarded, context);
      // After the client's, so that nothing it says, not even in Connection, reaches them.
      if (context.principal !== null) Object.assign(headers, identityOf(context.principal, fromPrincipal));
      headers['content-type'] = 'application/json';
      headers['accept'] = 'application/graphql-response+json, application/json;q=0.9';
      headers['accept-encoding'] = 'gzip, deflate, br';
      headers['x-request-id'] = context.requestId;
      headers[timeoutHeader] = String(Math.floor(timeoutMs));
      return headers;
    },
    scopeOf(context) {
      const headers = pick(deciding, context);
      const { principal } = context;
      if (!tellsPrincipal || principal === null) return { key: JSON.stringify(headers), headers, principal: null };
      const key = JSON.stringify([headers, principal.issuer, principal.subject, identityOf(principal, fromPrincipal)]);
      return { key, headers, principal };
    },
    toClient(headers, context) {
      for (const name of returned) {
        const value = headers[name];
        if (value !== undefined) addResponseHeader(context, name, value);
      }
    },
  };
}

export function addResponseHeader({ responseHeaders }: RequestContext, name: string, value: string): void {
  const known = responseHeaders.get(name);
  if (known === undefined) responseHeaders.set(name, value);
  else if (!known.split(', ').includes(value)) responseHeaders.set(name, `${known}, ${value}`);
}

function pick(names: readonly string[], { headers }: Asker): Record<string, string> {
  const picked: Record<string, string> = {};
  const dropped = connectionOptions(headers['connection']);
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined && !dropped.includes(name)) picked[name] = value;
  }
  return picked;
}

/** The names a client's Connection header declares to be for one hop. */
function connectionOptions(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(',').map((name) => name.trim().toLowerCase());
}
