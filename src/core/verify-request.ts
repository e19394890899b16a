import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export const signatureHeader = 'x-atrium-signature';
export const principalHeader = 'x-atrium-principal';

/** A request as a service received it. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query, as it stands in the request line: `request.url` of Node. */
  readonly url: string;
  /** Names in lower case, as Node has them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came, before any parser. */
  readonly body: string | Uint8Array;
}

export interface VerifierOptions {
  /** The service's name in the supergraph: a request signed for another service is refused. */
  readonly subgraph: string;
  /** One, or two while they change; a request signed with either is the gateway's. */
  readonly secrets: readonly string[];
  /** How far the clocks may be apart, and how long a request is good for; 30,000 by default. */
  readonly windowMs?: number;
  /** Signatures remembered against replay; 100,000 by default. When they are more, older requests are refused. */
  readonly maxNonces?: number;
  readonly now?: () => number;
}

/** Throws an Error that says why a request is not the gateway's, else tells for whom the gateway asks. */
export type RequestVerifier = (
  request: ReceivedRequest,
) => { readonly issuer: string; readonly subject: string } | null;

/** Long enough to be no word. */
export const leastSecretLength = 32;

/** Proves that requests come from the gateway, unchanged, in time and for the first time in this process. Throws for a short secret. */
export function createRequestVerifier(options: VerifierOptions): RequestVerifier {
  const { subgraph, secrets, windowMs = 30_000, maxNonces = 100_000, now = Date.now } = options;
  const problem = secretsProblem(secrets);
  if (problem !== undefined) throw new Error(problem);
  const seen = new Map<string, number>();
  let forgottenUntil = 0;
  return ({ method, url, headers, body }) => {
    const [, time = '', nonce = '', list = '', mac = ''] =
      /^v1;t=(\d{1,15});n=([\w-]{22});h=([^;]+);s=([\w-]{43})$/.exec(String(headers[signatureHeader] ?? '')) ?? [];
    const values = list.split(',').map((name) => (headers[name] === undefined ? null : String(headers[name])));
    const bodyHash = hash('sha256', body, 'hex');
    const text = signedText({ subgraph, method, path: url, time, nonce, list, values, bodyHash });
    const given = Buffer.from(mac, 'base64url');
    const macs = secrets.map((secret) => createHmac('sha256', secret).update(text).digest());
    if (!macs.some((own) => own.length === given.length && timingSafeEqual(own, given)))
      throw new Error('The signature is missing or wrong');
    const age = now() - Number(time);
    if (Math.abs(age) > windowMs || Number(time) <= forgottenUntil) throw new Error('The signature is out of time');
    if (seen.has(nonce)) throw new Error('The request came before');
    for (const [old, signed] of seen) {
      if (now() - signed <= windowMs && seen.size < maxNonces) break;
      seen.delete(old);
      if (now() - signed <= windowMs) forgottenUntil = Math.max(forgottenUntil, signed);
    }
    seen.set(nonce, Number(time));
    const principal = headers[principalHeader];
    return typeof principal === 'string' ? JSON.parse(principal) : null;
  };
}

/** Why requests cannot be signed with these. */
export function secretsProblem(secrets: readonly string[]): string | undefined {
  if (secrets.length > 0 && secrets.every(({ length }) => length >= leastSecretLength)) return undefined;
  return `expected one or two secrets for signing, each of at least ${leastSecretLength} characters`;
}

/** What is signed: as JSON, so that no two requests have the same text. */
export function signedText(request: {
  readonly subgraph: string;
  readonly method: string;
  readonly path: string;
  readonly time: string;
  readonly nonce: string;
  /** Names of the headers vouched for, joined by ",". */
  readonly list: string;
  /** Their values in the same order, null for one that is not sent. */
  readonly values: readonly (string | null)[];
  /** SHA-256, in hexadecimal digits. */
  readonly bodyHash: string;
}): string {
  const { subgraph, method, path, time, nonce, list, values, bodyHash } = request;
  return JSON.stringify(['atrium v1', subgraph, method, path, time, nonce, list, values, bodyHash]);
}
