import { correlatingHeaders } from '../core/correlating-headers.ts';
import { identityOf } from '../core/identity-headers.ts';
import type { IdentityHeaders } from '../core/identity-headers.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import type { FetchContext, Scope } from '../core/request-context.ts';
import type { Audience } from './cache-control.ts';

/** What the answers to a look-up depend on beside what is asked. */
export interface Variation {
  /** Names of headers that subgraphs are sent, in lower case, each once and sorted. */
  readonly vary: readonly string[];
  /** Each principal has its own. */
  readonly isPrivate: boolean;
}

export const unvaried: Variation = { vary: [], isPrivate: false };

export interface AskerOptions {
  /** Names of the client's headers that are sent to subgraphs, except correlating ones. */
  readonly forwardedHeaders: readonly string[];
  /** What subgraphs are told of the principal, by header. */
  readonly fromPrincipal?: IdentityHeaders | undefined;
}

/** Headers of a request to a subgraph that are the same for every client, unless they are forwarded. */
const constantHeaders = ['accept', 'accept-encoding', 'content-type', 'origin'];

/** What of a client request decides which entries it may be given, and which may be made of its answers. */
export class Asker {
  readonly #scope: Scope;
  readonly #context: FetchContext;
  readonly #options: AskerOptions;
  /** The subgraph is sent something of the client's own: be it a token, a cookie or a language. */
  readonly isPersonal: boolean;

  constructor(scope: Scope, context: FetchContext, options: AskerOptions) {
    this.#scope = scope;
    this.#context = context;
    this.#options = options;
    this.isPersonal = scope.principal !== null || hasMembers(scope.headers);
  }

  /** Answers to equal kinds tend to vary alike. */
  get kind(): string {
    return `${this.isPersonal ? 'p' : ''}${this.#context.principal === null ? '' : 'k'}`;
  }

  /** '' for what varies by nothing; undefined when it is private to a principal and there is none. */
  keyPart({ vary, isPrivate }: Variation): string | undefined {
    if (vary.length === 0 && !isPrivate) return '';
    const { headers, key } = this.#scope;
    const { principal } = this.#context;
    if (isPrivate && principal === null) return undefined;
    const told =
      vary.length === 0 || principal === null ? {} : identityOf(principal, this.#options.fromPrincipal ?? {});
    const values = vary.map((name) => [name, headers[name] ?? told[name] ?? null]);
    // With the scope: the subgraph may know the client by another header than the one that the principal came from.
    return JSON.stringify([values, isPrivate ? [principal?.issuer, principal?.subject, key] : null]);
  }

  /** What it may be given of entries under its key of this variation. */
  mayHave(audience: Audience, { isPrivate }: Variation): boolean {
    return isPrivate || audience === 'public' || (audience === 'impersonal' && !this.isPersonal);
  }

  /** By what an answer with this `Vary` (RFC 9110, section 12.5.5) varies; undefined when that cannot be told. */
  variationOf(vary: string | undefined, audience: Audience): Variation | undefined {
    const { forwardedHeaders, fromPrincipal = {} } = this.#options;
    // Of correlating headers each request has its own: what varies by one is kept for nobody.
    const forwarded = forwardedHeaders.filter((name) => !correlatingHeaders.includes(name));
    const sent = [...forwarded, ...Object.keys(fromPrincipal).map((name) => name.toLowerCase())];
    const names = (vary ?? '').split(',').flatMap((name) => name.trim().toLowerCase() || []);
    const varying = names.filter((name) => sent.includes(name));
    const isKnown = names.every((name) => sent.includes(name) || constantHeaders.includes(name));
    return isKnown ? { vary: [...new Set(varying)].toSorted(), isPrivate: audience === 'private' } : undefined;
  }
}

/** What `JSON.stringify` made of a variation; undefined for anything else. */
export function readVariation(text: string): Variation | undefined {
  const value = readJson(text);
  if (!isJsonObject(value)) return undefined;
  const { vary, isPrivate } = value;
  const isNames = Array.isArray(vary) && vary.every((name) => typeof name === 'string');
  return isNames && typeof isPrivate === 'boolean' ? { vary, isPrivate } : undefined;
}

function hasMembers(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
