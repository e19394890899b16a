import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { FetchContext, Scope } from '../core/request-context.ts';
import { createRequestSigner } from '../core/sign-request.ts';
import type { SubgraphNumbers } from '../telemetry/metrics.ts';
import { createAttempt } from './attempt.ts';
import type { Attempt, Sending } from './attempt.ts';
import { failedResponse } from './client.ts';
import type { SubgraphClient, SubgraphRequest, SubgraphResponse } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { createHeaderPolicy } from './headers.ts';
import type { Asker, HeaderRules } from './headers.ts';
import { retryDelay } from './retry-delay.ts';
import type { SubgraphTarget } from './upstream.ts';
import { Upstreams } from './upstreams.ts';

export interface HttpClientOptions {
  readonly headers: HeaderRules;
  /** Counted after decompression. */
  readonly maxResponseBytes: number;
  readonly logger: Logger;
  /** Signs requests with the first; without them nothing is signed. */
  readonly signingSecrets?: readonly string[] | undefined;
  /** For tests. */
  readonly random?: () => number;
}

/** Connections to subgraphs, kept over all generations of the supergraph. */
export interface Transport {
  /** A client for the subgraphs of these names. */
  clientFor(targets: ReadonlyMap<string, SubgraphTarget>): SubgraphClient;
  /** Says which of them are asked from now on; connections to others are closed when nobody can need them any more. */
  keepOnly(targets: ReadonlyMap<string, SubgraphTarget>): void;
  /** Whose answer a subgraph gives when it is asked for this request. All subgraphs are sent the same headers. */
  readonly scopeOf: (request: Asker) => Scope;
  numbers(): readonly SubgraphNumbers[];
  close(): Promise<void>;
}

export function createTransport(options: HttpClientOptions): Transport {
  const { signingSecrets, logger, maxResponseBytes, random = Math.random } = options;
  const upstreams = new Upstreams({ logger, random });
  const policy = createHeaderPolicy(options.headers, { signs: signingSecrets !== undefined });
  const sign = signingSecrets && createRequestSigner(signingSecrets, policy.deciding);
  const attempt = createAttempt({ policy, sign, maxResponseBytes });

  /** Tries until there is an answer, the tries are used up, or the budget is. */
  const tryAll = async (sending: Sending): Promise<SubgraphResponse> => {
    const { upstream, request, context, until } = sending;
    const { signal } = context;
    let before: Endpoint | undefined;
    let last: Attempt | undefined;
    let tries = 0;
    let wasIdle = false;
    upstream.retries.countRequest(performance.now());
    for (;;) {
      const endpoint = upstream.choose(performance.now(), before, request.kind === 'query');
      if (endpoint === undefined) return last?.response ?? refuse(request, context, 'SUBGRAPH_CIRCUIT_OPEN');
      last = await attempt(sending, endpoint);
      const { response, failure, retry } = last;
      if (failure === undefined) return response;
      const fields = { subgraph: request.subgraph, requestId: context.requestId, ...failure };
      const log = (): void => logger.warn(fields, 'A request to a subgraph failed');
      if (retry === undefined || signal.aborted) {
        log();
        return response;
      }
      // Neither a try nor a matter of the budget: the subgraph has not seen it.
      if (retry.after === 'idle' && !wasIdle) {
        wasIdle = true;
        logger.debug(fields, 'A subgraph closed an idle connection; it is asked again');
        continue;
      }
      tries += 1;
      const now = performance.now();
      const delayMs = retryDelay(tries, retry.notBefore, random);
      const isInTime = tries < upstream.target.retry.maxTries && now + delayMs < until;
      if (!isInTime || (retry.after !== 'unsent' && !upstream.retries.take(now))) {
        log();
        return response;
      }
      logger.debug(fields, 'A request to a subgraph failed and is sent again');
      upstream.retried += 1;
      // Ends at once when the client leaves.
      await sleep(delayMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return response;
      before = endpoint;
    }
  };

  const refuse = (
    { subgraph, entities, group }: SubgraphRequest,
    { record, requestId }: FetchContext,
    code: ErrorCode,
  ): SubgraphResponse => {
    record.calls.push({ subgraph, startedAt: performance.now(), milliseconds: 0, status: 0, entities, code, group });
    logger.debug({ subgraph, requestId, code }, 'A subgraph was not asked');
    return failedResponse(code, 0);
  };

  return {
    clientFor(targets) {
      const byName = new Map([...targets].map(([name, target]) => [name, upstreams.find(name, target)]));
      return {
        async send(request, context) {
          const upstream = byName.get(request.subgraph);
          if (upstream === undefined) return refuse(request, context, 'SUBGRAPH_UNREACHABLE');
          const { bulkhead, target } = upstream;
          const now = performance.now();
          const until = Math.min(now + target.timeoutMs, context.deadline);
          if (!bulkhead.tryEnter() && !(await bulkhead.waitToEnter(until - now)))
            return refuse(request, context, 'SUBGRAPH_OVERLOADED');
          try {
            return await tryAll({ upstream, request, context, until });
          } finally {
            bulkhead.leave();
          }
        },
      };
    },
    keepOnly: (targets) => upstreams.keepOnly(targets),
    scopeOf: policy.scopeOf,
    numbers: () => upstreams.numbers(),
    close: () => upstreams.close(),
  };
}
