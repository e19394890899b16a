import { createHmac, hash, randomBytes } from 'node:crypto';
import { ConfigurationError } from './errors.ts';
import type { Principal } from './principal.ts';
import { principalHeader, secretsProblem, signatureHeader, signedText } from './verify-request.ts';

/** A request that is about to be sent to a subgraph; header names in lower case. */
export interface UnsignedRequest {
  readonly subgraph: string;
  readonly method: string;
  /** With the query, as it stands in the request line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** null for an anonymous client, and where the gateway asks for itself. */
  readonly principal: Principal | null;
}

/** The headers that prove a request to be the gateway's; other ones for each try. */
export type RequestSigner = (request: UnsignedRequest) => Record<string, string>;

/** Signs with the first of the secrets and vouches for the headers of these names, sent or not. Throws a ConfigurationError for a short secret. */
export function createRequestSigner(
  secrets: readonly string[],
  headerNames: readonly string[] = [],
  now: () => number = Date.now,
): RequestSigner {
  const problem = secretsProblem(secrets);
  if (problem !== undefined) throw new ConfigurationError(problem);
  const [secret = ''] = secrets;
  const vouched = [...new Set([principalHeader, ...headerNames.map((name) => name.toLowerCase())])].toSorted();
  const list = vouched.join(',');
  return ({ subgraph, method, path, headers, body, principal }) => {
    const own: Record<string, string> = principal === null ? {} : { [principalHeader]: asciiJson(principal) };
    const time = String(now());
    const nonce = randomBytes(16).toString('base64url');
    const values = vouched.map((name) => own[name] ?? headers[name] ?? null);
    const text = signedText({
      subgraph,
      method,
      path,
      time,
      nonce,
      list,
      values,
      bodyHash: hash('sha256', body, 'hex'),
    });
    const mac = createHmac('sha256', secret).update(text).digest('base64url');
    return { ...own, [signatureHeader]: `v1;t=${time};n=${nonce};h=${list};s=${mac}` };
  };
}

/** Header values are ASCII. */
function asciiJson({ issuer, subject }: Principal): string {
  return JSON.stringify({ issuer, subject }).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
