import { createRequestVerifier } from 'atrium/verify';
import type { VerifierOptions } from 'atrium/verify';
import type { preParsingAsyncHookHandler } from 'fastify';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** Refuses with 401 what the gateway did not sign, before anything reads the body. */
export function signedOnly(options: VerifierOptions): preParsingAsyncHookHandler {
  const verify = createRequestVerifier(options);
  return async ({ method, url, headers }, reply, payload) => {
    const body = await buffer(payload);
    try {
      verify({ method, url, headers, body });
    } catch (error) {
      return reply.code(401).send({ error: error instanceof Error ? error.message : String(error) });
    }
    return Readable.from([body]);
  };
}

/** The secrets of ATRIUM_SIGNING_SECRET, the same variable as the gateway's: one, or two with a comma between. */
export function secretsFromEnvironment({ ATRIUM_SIGNING_SECRET: text }: NodeJS.ProcessEnv): string[] | undefined {
  return text === undefined || text === '' ? undefined : text.split(',');
}
