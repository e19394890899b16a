import type { LimitedRequest, RateLimiter } from './limiter.ts';
import { requestErrorOf } from './tally.ts';

export interface RateLimitedRequest extends LimitedRequest {
  readonly responseHeaders: Map<string, string>;
}

/**
 * Tells the client its limits in the response's headers; rejects with RATE_LIMITED when one is reached, and with
 * SERVICE_UNAVAILABLE when one that is never to be exceeded cannot be counted.
 */
export function rateLimitStep(limiter: RateLimiter) {
  return {
    name: 'rate limit',
    async run(request: RateLimitedRequest): Promise<void> {
      const { refusal, headers } = await limiter.check(request);
      for (const [name, value] of Object.entries(headers)) request.responseHeaders.set(name, value);
      if (refusal !== undefined) throw requestErrorOf(refusal, headers);
    },
  };
}
