/** Where rules were written, by the functions that decide them. */
const sites = new WeakMap<object, string>();

/** Remembers the caller of the function that called this as the place where a rule was written. */
export function rememberSite(decide: object): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 3;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const site = /([^/\\ (]+:\d+):\d+\)?$/.exec(stack)?.[1];
  if (site !== undefined) sites.set(decide, site);
}

/** `file:line`; undefined for rules that shield made by itself. */
export function siteOf(decide: object): string | undefined {
  return sites.get(decide);
}
