/** The value of the first cookie of that name in a `Cookie` header (RFC 6265, section 4.2.1), without its quotes. */
export function cookieValue(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const end = pair.indexOf('=');
    if (end === -1 || pair.slice(0, end).trim() !== name) continue;
    return pair
      .slice(end + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
