const FIRST_MS = 25;
const MAX_MS = 250;

/**
 * Milliseconds until the next try: full jitter (M. Brooker, Exponential Backoff and Jitter) under a bound that doubles
 * with each, and not before `Retry-After` (RFC 9110, section 10.2.3) allows. `tries`: how many there were.
 */
export function retryDelay(tries: number, retryAfter: string | undefined, random: () => number): number {
  const jitter = random() * Math.min(MAX_MS, FIRST_MS * 2 ** tries);
  return Math.max(jitter, retryAfterMs(retryAfter) ?? 0);
}

/** undefined for what is neither a number of seconds nor a date. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
