type Headers = Readonly<Record<string, string | undefined>>;

/** For how long, and for whom, a shared cache may keep a response. */
export interface Freshness {
  /** More than 0. */
  readonly ttlSeconds: number;
  /** The response says `public`, and so may be shared although the request carried credentials. */
  readonly isPublic: boolean;
  /** Only for the one who asked: not for a shared cache. */
  readonly isPrivate: boolean;
}

/**
 * What a response's `Cache-Control` and `Age` allow a shared cache (RFC 9111, sections 3, 3.5, 4.2.1 and 5.2.2);
 * undefined when it must not be stored: without the header, and wherever the header is in doubt. Names of `headers`
 * are in lower case.
 */
export function sharedFreshness(headers: Headers): Freshness | undefined {
  const freshness = freshnessOf(headers);
  return freshness?.isPrivate === true ? undefined : freshness;
}

/** The same for a cache that gives what is private only to the one who asked for it. */
export function freshnessOf(headers: Headers): Freshness | undefined {
  const directives = parseDirectives(headers['cache-control'] ?? '');
  // `private="field"` and `no-cache="field"` restrict only some fields; as most caches do, take them to mean all.
  if (directives === undefined || ['no-store', 'no-cache'].some((name) => directives.has(name))) return undefined;
  const isPrivate = directives.has('private');
  const isForShared = !isPrivate && directives.has('s-maxage');
  const lifetime = directives.get(isForShared ? 's-maxage' : 'max-age');
  if (lifetime === undefined || !/^\d+$/.test(lifetime)) return undefined;
  const age = /^\d+$/.test(headers['age'] ?? '') ? Number(headers['age']) : 0;
  const ttlSeconds = Math.min(Number(lifetime), maxDeltaSeconds) - age;
  return ttlSeconds > 0 ? { ttlSeconds, isPublic: directives.get('public') === '', isPrivate } : undefined;
}

/** RFC 9111, section 1.2.2. */
const maxDeltaSeconds = 2 ** 31;

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
