/**
 * The token of an `Authorization` header (RFC 6750, section 2.1); undefined when the header is anything else. The
 * scheme's name is case-insensitive (RFC 9110, section 11.1).
 */
export function bearerToken(authorization: string): string | undefined {
  return /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
}
