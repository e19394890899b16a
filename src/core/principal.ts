/** Who asks, as a verified credential said it. */
export interface Principal {
  /** The token's `sub` or the API key's subject: unique within its issuer. */
  readonly subject: string;
  /** The token's `iss`; "api-key" for an API key, whose roles and scopes its file names and which has no claims. */
  readonly issuer: string;
  /** From the claim `roles` (array of strings or one space-separated string). */
  readonly roles: readonly string[];
  /** From the claim `scope` (RFC 8693, section 4.2: space-separated) or `scp`. */
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}
