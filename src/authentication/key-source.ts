import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';

/** Where an issuer publishes its JSON Web Key Set. */
export interface KeySource {
  readonly kind: 'url' | 'file';
  /** The parsed JSON, whatever it holds. Rejects after 5 s at the latest. */
  load(): Promise<unknown>;
  close(): Promise<void>;
}

const timeoutMs = 5000;
const maxBytes = 1_000_000;

/** `location` is an `http://` or `https://` URL or the path of a file. */
export function createKeySource(location: string): KeySource {
  return /^https?:\/\//i.test(location) ? urlSource(location) : fileSource(location);
}

function fileSource(path: string): KeySource {
  return {
    kind: 'file',
    async load() {
      return JSON.parse(await readFile(path, 'utf8'));
    },
    async close() {},
  };
}

/** undici follows no redirects: keys come from the address in the configuration or not at all. */
function urlSource(url: string): KeySource {
  const dispatcher = new Agent({ maxResponseSize: maxBytes, connect: { timeout: timeoutMs } });
  return {
    kind: 'url',
    async load() {
      const { statusCode, body } = await request(url, {
        dispatcher,
        headers: { accept: 'application/jwk-set+json, application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (statusCode !== 200) {
        await body.dump();
        throw new Error(`expected a key set with status 200, got status ${statusCode}`);
      }
      return body.json();
    },
    async close() {
      await dispatcher.destroy();
    },
  };
}
