/** When a container counts as healthy. */
export interface HealthCheck {
  /** Exit code 0 is healthy. */
  readonly command: readonly string[];
  /** How long it may take from the start until the first success. */
  readonly patienceMs: number;
}

/** As Docker reckons: failures count after the start period, and `retries` of them in a row are too many. */
export function healthCheck(
  command: readonly string[],
  settings: { readonly interval: string; readonly startPeriod: string; readonly retries: number },
): HealthCheck {
  const { interval, startPeriod, retries } = settings;
  return { command, patienceMs: milliseconds(startPeriod) + retries * milliseconds(interval) };
}

/** Of a duration such as `500ms`, `5s` or `1m`. */
export function milliseconds(duration: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000 }[unit];
  if (factor === undefined) throw new Error(`Expected a duration such as 500ms, 5s or 1m, got ${duration}`);
  return Number(amount) * factor;
}
