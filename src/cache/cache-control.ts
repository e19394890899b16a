type Headers = Readonly<Record<string, string | undefined>>;

/** For how long, and for whom, a response may be kept. */
export interface Freshness {
  readonly audience: Audience;
  /** From now on; 0 or less when it is stale already and only the other two allow to keep it. */
  readonly ttlSeconds: number;
  /** For so long after that it may be served while it is fetched anew, or when it cannot be (RFC 5861). */
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
}

/**
 * Who may be given a response: everybody, everybody who sends no credentials (RFC 9111, section 3.5), or the principal
 * whom it was made for.
 */
export type Audience = 'public' | 'impersonal' | 'private';

/**
 * What a response's `Cache-Control` and `Age` allow (RFC 9111, sections 3, 3.5, 4.2.1 and 5.2.2); undefined when it must
 * not be kept, and wherever the header is in doubt. `defaultSeconds` stand in for a lifetime that is not named. Names of
 * `headers` are in lower case.
 */
export function freshnessOf(headers: Headers, defaultSeconds?: number): Freshness | undefined {
  const directives = parseDirectives(headers['cache-control'] ?? '');
  // `private="field"` and `no-cache="field"` restrict only some fields; as most caches do, take them to mean all.
  if (directives === undefined || directives.has('no-store') || directives.has('no-cache')) return undefined;
  const isPrivate = directives.has('private');
  const named = !isPrivate && directives.has('s-maxage') ? 's-maxage' : 'max-age';
  const lifetime = directives.has(named) ? seconds(directives.get(named)) : defaultLifetime(headers, defaultSeconds);
  if (lifetime === undefined) return undefined;
  const ttlSeconds = lifetime - (seconds(headers['age']) ?? 0);
  const isStrict = directives.has('must-revalidate') || directives.has('proxy-revalidate');
  const extension = (name: string): number => (isStrict ? 0 : (seconds(directives.get(name)) ?? 0));
  const staleWhileRevalidateSeconds = extension('stale-while-revalidate');
  const staleIfErrorSeconds = extension('stale-if-error');
  if (ttlSeconds + Math.max(staleWhileRevalidateSeconds, staleIfErrorSeconds) <= 0) return undefined;
  const audience = isPrivate ? 'private' : directives.get('public') === '' ? 'public' : 'impersonal';
  return { audience, ttlSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds };
}

/** `Expires` names a lifetime too, by a clock that is not ours. */
function defaultLifetime(headers: Headers, defaultSeconds: number | undefined): number | undefined {
  return headers['expires'] === undefined ? defaultSeconds : undefined;
}

/** RFC 9111, section 1.2.2. */
const maxDeltaSeconds = 2 ** 31;

function seconds(text: string | undefined): number | undefined {
  return /^\d+$/.test(text ?? '') ? Math.min(Number(text), maxDeltaSeconds) : undefined;
}

const directive = /[\t ]*(?:([\w!#$%&'*+.^`|~-]+)(?:=([\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*"))?)?[\t ]*(?:,|$)/y;

/**
 * Values by name in lower case, '' for a directive without one and quotes kept; undefined when the text is not a list
 * of directives or one is there twice with different values.
 */
function parseDirectives(text: string): Map<string, string> | undefined {
  const directives = new Map<string, string>();
  directive.lastIndex = 0;
  while (directive.lastIndex < text.length) {
    const match = directive.exec(text);
    if (match === null) return undefined;
    const [, name, value = ''] = match;
    if (name === undefined) continue;
    const known = directives.get(name.toLowerCase());
    if (known !== undefined && known !== value) return undefined;
    directives.set(name.toLowerCase(), value);
  }
  return directives;
}
