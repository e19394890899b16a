import { ConfigurationError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { createKeySet } from './key-set.ts';
import type { KeySet } from './key-set.ts';
import { createKeySource } from './key-source.ts';

export interface IssuerOptions {
  /** The `iss` of its tokens, exactly. */
  readonly issuer: string;
  /** Its JSON Web Key Set: an `http://` or `https://` URL or the path of a file. */
  readonly jwks: string;
  /** One of them has to be in a token's `aud`. */
  readonly audiences: readonly string[];
  /** A selection of the signature algorithms with a public key; all of them when absent. */
  readonly algorithms?: readonly string[] | undefined;
}

export interface Issuer {
  readonly options: IssuerOptions;
  readonly algorithms: readonly string[];
  readonly keySet: KeySet;
}

// prettier-ignore
const publicKeyAlgorithms: readonly string[] = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
];

/**
 * Rejects with a ConfigurationError for options that cannot be kept and for a key file that cannot be read. A key set
 * at a URL is fetched in the background.
 */
export async function openIssuer(options: IssuerOptions, clock: () => number, logger: Logger): Promise<Issuer> {
  const { issuer, jwks, algorithms = publicKeyAlgorithms } = options;
  const refused = algorithms.find((algorithm) => !publicKeyAlgorithms.includes(algorithm));
  if (refused !== undefined) {
    throw new ConfigurationError(
      `authentication: expected the algorithms of issuer "${issuer}" to be some of ${publicKeyAlgorithms.join(', ')}, ` +
        `got ${JSON.stringify(refused)}`,
    );
  }
  const source = createKeySource(jwks);
  const keySet = createKeySet(issuer, source, clock, logger);
  if (source.kind === 'url') {
    void keySet.refresh();
    return { options, algorithms, keySet };
  }
  try {
    await keySet.load();
  } catch (error) {
    throw new ConfigurationError(
      `authentication: expected "${jwks}" to be a JSON Web Key Set (issuer "${issuer}"), got ${messageOf(error)}`,
      { cause: error },
    );
  }
  return { options, algorithms, keySet };
}
