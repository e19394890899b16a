import { connectionHeaders } from './connection-headers.ts';
import type { Principal } from './principal.ts';

/** Headers that tell subgraphs who asks: the member of the principal by the header's name. */
export type IdentityHeaders = Readonly<Record<string, string>>;

/** Beside those of a connection: names that servers, credentials or the gateway itself give a meaning. */
const TAKEN = [
  ...connectionHeaders,
  'host',
  'expect',
  'accept',
  'accept-encoding',
  'origin',
  'authorization',
  'cookie',
  'set-cookie',
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
];

/** Why identity headers cannot be sent, by name. `forwarded` are the client's headers that subgraphs get. */
export function identityHeaderProblems(
  headers: IdentityHeaders,
  forwarded: readonly string[],
): { readonly name: string; readonly message: string }[] {
  const names = Object.keys(headers);
  return names.flatMap((name, index) => {
    const isSame = (other: string): boolean => folded(other) === folded(name);
    if (TAKEN.some(isSame) || /^(?:content|proxy|x-atrium)-/.test(folded(name)))
      return [{ name, message: 'expected a header name without another meaning' }];
    if (forwarded.some(isSame)) return [{ name, message: 'is in headers.toSubgraphs too: clients could write it' }];
    if (names.slice(0, index).some(isSame)) return [{ name, message: 'is there twice' }];
    return [];
  });
}

/** Many servers tell neither case nor `_` from `-`. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/**
 * The headers of one principal, names in lower case; a member that is missing or null leaves its header out. Whatever
 * is not visible ASCII, `%` and `,` are percent-encoded, items of a list stand between commas, and numbers, booleans and
 * objects are their JSON: a service splits at commas and calls `decodeURIComponent`. Throws a URIError for text that is
 * no Unicode (a lone surrogate).
 */
export function identityOf(principal: Principal, headers: IdentityHeaders): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, member] of Object.entries(headers)) {
    const value = memberOf(principal, member);
    if (value === undefined || value === null) continue;
    const items: unknown[] = Array.isArray(value) ? value : [value];
    values[name.toLowerCase()] = items.map(encode).join(',');
  }
  return values;
}

function memberOf({ subject, issuer, roles, scopes, claims }: Principal, member: string): unknown {
  if (!member.startsWith('claims.'))
    return Object.entries({ subject, issuer, roles, scopes }).find(([key]) => key === member)?.[1];
  const claim = member.slice('claims.'.length);
  return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
}

function encode(item: unknown): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  return text.replaceAll(/[^\x21-\x24\x26-\x2b\x2d-\x7e]+/g, encodeURIComponent);
}
