/** Who asks, as a verified credential said it. */
export interface Principal {
  /** The token's `sub`: unique within its issuer. */
  readonly subject: string;
  readonly issuer: string;
  /** From the claim `roles` (array of strings or one space-separated string). */
  readonly roles: readonly string[];
  /** From the claim `scope` (RFC 8693, section 4.2: space-separated) or `scp`. */
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}
