import { RequestError } from '../core/errors.ts';
import type { RateLimiter } from './limiter.ts';
import type { RateLimitSubject } from './rule.ts';

export interface RateLimitedRequest extends RateLimitSubject {
  readonly responseHeaders: Map<string, string>;
}

/** Tells the client its limits in the response's headers; rejects with RATE_LIMITED when one is reached. */
export function rateLimitStep(limiter: RateLimiter) {
  return {
    name: 'rate limit',
    async run(request: RateLimitedRequest): Promise<void> {
      const { refusal, headers } = await limiter.check(request);
      for (const [name, value] of Object.entries(headers)) request.responseHeaders.set(name, value);
      if (refusal === null) return;
      throw new RequestError('RATE_LIMITED', `Too many requests: try again in ${refusal.retryAfter} s.`, {
        headers: { ...headers },
        extensions: { ...refusal },
      });
    },
  };
}
