import { hash } from 'node:crypto';
import { Flights } from '../cache/flights.ts';
import type { KnownAnswer, KnownAnswers } from '../cache/known-answers.ts';
import { canonicalJson } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { RequestContext, Scope } from '../core/request-context.ts';
import type { RequestParams } from '../documents/find-document.ts';
import type { Exchange } from './exchange.ts';

export interface AnswerOptions {
  readonly known: KnownAnswers;
  readonly maxSeconds: number;
  readonly shareInFlight: boolean;
  /** Headers that decide answers beside those that subgraphs get; names in lower case. */
  readonly vary: readonly string[];
  /** Those that say who asks. */
  readonly credentials: readonly string[];
  /** What of the configuration decides answers: replicas with another one may share the store. */
  readonly configuration: string;
  readonly generation: () => string;
  /** Another text after every invalidation: then no answer is known any more. */
  readonly invalidations: () => string;
  /** What of a request decides what subgraphs answer. */
  readonly scopeOf: (request: Pick<RequestContext, 'headers' | 'principal'>) => Scope;
}

/** Who asks, and for what. */
export interface Asked {
  readonly generation: string;
  /** Everything that decides the answer but the operation. */
  readonly scope: string;
  /** The request as it came. */
  readonly alias: string;
  /** It says something of the one who asks. */
  readonly isPersonal: boolean;
}

/** An answer that Apollo Server has made. */
export interface MadeAnswer {
  readonly status: number;
  readonly body: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Answers that are given to several requests. */
export interface Answers<Outcome> {
  readonly known: KnownAnswers;
  /** Absent when requests share nothing but what is known. */
  readonly flights: Flights<Outcome> | undefined;
  /** `text` is the body or the query string; `trusted` changes with what documents are trusted. */
  ask(exchange: Exchange, method: string, text: string, trusted: string): Asked;
  keyOf(asked: Asked, params: RequestParams): string;
  /** Keeps what may be kept. undefined when clients may not keep it either. */
  keep(asked: Asked, key: string, made: MadeAnswer, exchange: Exchange): KnownAnswer | undefined;
}

const unkeptHeaders = ['content-type', 'content-length', 'cache-control'];

export function createAnswers<Outcome>(options: AnswerOptions): Answers<Outcome> {
  const { known, vary, maxSeconds } = options;
  const principals = new WeakMap<Principal, string>();
  const varyHeader = ['accept', ...options.credentials, ...vary].filter(isFirst).join(', ');

  const textOf = (principal: Principal): string => {
    const text = principals.get(principal) ?? canonicalJson(principal);
    principals.set(principal, text);
    return text;
  };

  return {
    known,
    flights: options.shareInFlight ? new Flights() : undefined,
    ask(exchange, method, text, trusted) {
      const { headers, principal, mediaType } = exchange;
      const generation = options.generation();
      const forwarded = options.scopeOf(exchange);
      const others = vary.map((name) => headers[name]);
      const scope = JSON.stringify([
        options.configuration,
        generation,
        options.invalidations(),
        trusted,
        mediaType,
        method === 'GET' ? preflight(headers) : null,
        principal === null ? null : textOf(principal),
        forwarded.headers,
        others,
      ]);
      const isPersonal =
        principal !== null || Object.keys(forwarded.headers).length > 0 || others.some((value) => value !== undefined);
      return { generation, scope, alias: hash('sha256', scope + text, 'base64url'), isPersonal };
    },
    keyOf({ scope }, { query, operationName, variables, extensions }) {
      return hash('sha256', scope + canonicalJson([query, operationName, variables, extensions]), 'base64url');
    },
    keep(asked, key, { status, body, headers }, { record, principal }) {
      const { reuse, operationType, operationName, errorCodes } = record;
      if (reuse === undefined || reuse.generation !== asked.generation || reuse.isOwn) return undefined;
      if (status !== 200 || operationType !== 'query' || errorCodes.length > 0) return undefined;
      if (reuse.isPrivate && principal === null) return undefined;
      // Without any part it is about the schema alone, and nothing says for how long.
      if (reuse.freshUntil === Infinity || headers.some(([name]) => name === 'set-cookie')) return undefined;
      const madeAt = performance.now();
      const seconds = Math.floor(Math.min((reuse.freshUntil - madeAt) / 1000, maxSeconds));
      if (seconds < 1) return undefined;

      const isForAll = !reuse.isPrivate && !reuse.isDecided && principal === null;
      const audience = isForAll && (reuse.isPublic || !asked.isPersonal) ? 'public' : 'private';
      const bytes = Buffer.from(body);
      const answer: KnownAnswer = {
        body: bytes,
        headers: [
          ...headers.filter(([name]) => !unkeptHeaders.includes(name)),
          ['cache-control', `${audience}, max-age=${seconds}`],
          ['etag', `"${hash('sha256', bytes, 'base64url')}"`],
          ['vary', varyHeader],
        ],
        operationName,
        madeAt,
        lifetimeMs: seconds * 1000,
      };
      known.keep(key, asked.alias, answer);
      return answer;
    },
  };
}

/** What Apollo Server's CSRF prevention reads: a request finds only answers to those that got past it alike. */
function preflight(headers: Exchange['headers']): unknown[] {
  const isThere = (name: string) => (headers[name] ?? '') !== '';
  return [headers['content-type'], isThere('x-apollo-operation-name'), isThere('apollo-require-preflight')];
}

function isFirst(name: string, index: number, names: readonly string[]): boolean {
  return names.indexOf(name) === index;
}
