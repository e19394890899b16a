import { hash } from 'node:crypto';
import type { KnownAnswer, KnownAnswers } from '../cache/known-answers.ts';
import { canonicalJson } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { Scope } from '../core/request-context.ts';
import type { RequestParams } from '../documents/find-document.ts';
import type { RedisWait } from '../redis/store.ts';
import type { Exchange } from './exchange.ts';

export interface AnswerOptions {
  readonly known: KnownAnswers;
  readonly maxSeconds: number;
  readonly shareInFlight: boolean;
  /** Headers that decide answers beside those that subgraphs get; names in lower case. */
  readonly vary: readonly string[];
  /** All headers that an answer depends on but `accept`: for clients. */
  readonly varyForClients: readonly string[];
  /** What of the configuration decides answers: replicas with another one may share the store. */
  readonly configuration: string;
  readonly generation: () => string;
  /** Another text after every invalidation: then no answer is known any more. undefined while some may be missed. */
  readonly invalidations: () => string | undefined;
  /** What of a request decides what subgraphs answer. */
  readonly scopeOf: (exchange: Exchange) => Scope;
}

/** Who asks, and for what. */
export interface Asked {
  readonly generation: string;
  /** Everything that decides the answer but the operation. */
  readonly scope: string;
  /** For the request as it came. */
  readonly alias: string;
  /** False while nothing tells whether an answer from earlier is still good. */
  readonly mayBeKnown: boolean;
  /** It has headers that decide the answer. */
  readonly isPersonal: boolean;
}

/** An answer that Apollo Server has made; names of headers in lower case. */
export interface MadeAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What decides an answer, and what of it may be kept. */
export class Answers {
  readonly #known: KnownAnswers;
  readonly #options: AnswerOptions;
  readonly #varyHeader: string;
  readonly #principals = new WeakMap<Principal, string>();

  constructor(options: AnswerOptions) {
    this.#known = options.known;
    this.#options = options;
    this.#varyHeader = [...new Set(['accept', ...options.varyForClients])].join(', ');
  }

  /** `text` is the body or the query string; `trusted` changes with the documents that are. */
  asked(exchange: Exchange, method: string, text: string, trusted: string): Asked {
    const { configuration, generation: current, invalidations, scopeOf, vary } = this.#options;
    const { headers, principal, mediaType } = exchange;
    const generation = current();
    const forwarded = scopeOf(exchange).headers;
    const others = vary.map((name) => headers[name]);
    const preflight = method === 'GET' ? preflightOf(headers) : null;
    const who = principal === null ? null : this.#textOf(principal);
    const costs = headers['x-atrium-cost'];
    const invalidated = invalidations();
    const decided = [configuration, generation, invalidated, trusted, mediaType, preflight, costs];
    const scope = JSON.stringify([...decided, who, forwarded, others]);
    const isPersonal = Object.keys(forwarded).length > 0 || others.some((value) => value !== undefined);
    const alias = hash('sha256', scope + text, 'base64url');
    return { generation, scope, alias, mayBeKnown: invalidated !== undefined, isPersonal };
  }

  /** At once, by the request as it came. */
  known({ alias, mayBeKnown }: Asked): KnownAnswer | undefined {
    return mayBeKnown ? this.#known.known(alias) : undefined;
  }

  /** Also what other replicas keep. Never rejects. */
  async find({ alias, mayBeKnown }: Asked, key: string, waiting: RedisWait): Promise<KnownAnswer | undefined> {
    return mayBeKnown ? this.#known.find(key, alias, waiting) : undefined;
  }

  /** For the question, however it is written down. */
  keyOf({ scope }: Asked, { query, operationName, variables, extensions }: RequestParams): string {
    return hash('sha256', scope + canonicalJson([query, operationName, variables, extensions]), 'base64url');
  }

  /** Keeps what may be kept; undefined when clients may not keep it either. */
  keep(asked: Asked, key: string, made: MadeAnswer, { record, principal }: Exchange): KnownAnswer | undefined {
    const { reuse, operationType, operationName, errorCodes } = record;
    if (reuse === undefined || reuse.generation !== asked.generation || reuse.isOwn) return undefined;
    if (made.status !== 200 || operationType !== 'query' || errorCodes.length > 0) return undefined;
    if (reuse.isPrivate && principal === null) return undefined;
    // Without any part it is about the schema alone, and nothing says for how long.
    if (reuse.freshUntil === Infinity || setsCookie(made)) return undefined;
    const madeAt = performance.now();
    const seconds = Math.floor(Math.min((reuse.freshUntil - madeAt) / 1000, this.#options.maxSeconds));
    if (seconds < 1) return undefined;

    const isForAll = !reuse.isPrivate && !reuse.isDecided && principal === null;
    const audience = isForAll && (reuse.isPublic || !asked.isPersonal) ? 'public' : 'private';
    const body = Buffer.from(made.body);
    const headers = new Map(made.headers)
      .set('cache-control', `${audience}, max-age=${seconds}`)
      .set('etag', `"${hash('sha256', body, 'base64url')}"`)
      .set('vary', this.#varyHeader);
    const answer = { body, headers: [...headers], operationName, madeAt, lifetimeMs: seconds * 1000 };
    if (asked.mayBeKnown) this.#known.keep(key, asked.alias, answer);
    return answer;
  }

  #textOf(principal: Principal): string {
    const text = this.#principals.get(principal) ?? canonicalJson(principal);
    this.#principals.set(principal, text);
    return text;
  }
}

/** It says who a client is from now on: no other client is that. */
export function setsCookie({ headers }: MadeAnswer): boolean {
  return headers.some(([name]) => name === 'set-cookie');
}

/** What Apollo Server's CSRF prevention reads: a request finds only answers to those that got past it alike. */
function preflightOf(headers: Exchange['headers']): unknown[] {
  const isThere = (name: string) => (headers[name] ?? '') !== '';
  return [headers['content-type'], isThere('x-apollo-operation-name'), isThere('apollo-require-preflight')];
}
