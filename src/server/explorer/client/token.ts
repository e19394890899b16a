const storageKey = 'atrium:token';

/** The token of this browser tab, '' for none. It ends with the tab and is never in `localStorage`. */
export function readToken(): string {
  return sessionStorage.getItem(storageKey) ?? '';
}

export function writeToken(token: string): void {
  if (token === '') sessionStorage.removeItem(storageKey);
  else sessionStorage.setItem(storageKey, token);
}

/** The token in what was pasted: without the white space of a terminal and the `Bearer` of a header. */
export function trimToken(pasted: string): string {
  return pasted.trim().replace(/^bearer\s+/i, '');
}

export interface TokenDescription {
  /** Who the token speaks for, in a few words. */
  readonly summary: string;
  readonly detail: string;
}

/** What a token says of itself (RFC 7519), read and not verified: only the gateway's judgement counts. */
export function describeToken(token: string, now = Date.now()): TokenDescription {
  if (token === '') return { summary: 'anonymous', detail: 'Requests are sent without a token.' };
  const claims = readClaims(token);
  if (claims === undefined) return { summary: 'opaque token', detail: 'This token is not a JWT; it is sent as it is.' };
  const name = [claims['name'], claims['sub']].find((claim) => typeof claim === 'string') ?? 'no subject';
  const expiry = typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : Infinity;
  return { summary: expiry <= now ? `${name}, expired` : name, detail: JSON.stringify(claims, undefined, 2) };
}

function readClaims(token: string): Record<string, unknown> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0))));
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}
