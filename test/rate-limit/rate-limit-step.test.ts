import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRateLimiter } from '../../src/rate-limit/limiter.ts';
import { rateLimitStep } from '../../src/rate-limit/rate-limit-step.ts';

describe('rate limit step', () => {
  const rules = [{ name: 'address', key: 'ip', limit: 1, windowSeconds: 60 }] as const;
  const step = () => rateLimitStep(createRateLimiter(rules, { logger: silentLogger, clock: () => 0 }));
  const request = () => ({
    principal: null,
    clientAddress: '192.0.2.1',
    responseHeaders: new Map<string, string>(),
    record: createRequestRecord(),
  });

  it('tells an admitted client its limits', async () => {
    const admitted = request();
    await step().run(admitted);
    expect(Object.fromEntries(admitted.responseHeaders)).toEqual({
      'ratelimit-policy': '"address";q=1;w=60',
      ratelimit: '"address";r=0;t=60',
    });
  });

  it('refuses with 429, Retry-After and what a client needs to go on', async () => {
    const limited = step();
    await limited.run(request());
    const refused = request();
    const error = await limited.run(refused).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      message: 'Too many requests: try again in 60 s.',
      extensions: { policy: 'address', retryAfter: 60 },
      headers: { 'retry-after': '60', ratelimit: '"address";r=0;t=60' },
    });
    expect(refused.responseHeaders.get('retry-after')).toBe('60');
  });
});
