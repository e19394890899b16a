import type { Attributes, ObservableResult } from '@opentelemetry/api';

/** Counts by labels: names and values in turn. */
export class Tally {
  readonly #counts = new Map<string, { readonly attributes: Attributes; count: number }>();

  add(count: number, ...labels: readonly string[]): void {
    const key = labels.join('\0');
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { attributes: attributesOf(labels), count });
    else known.count += count;
  }

  observe(result: ObservableResult): void {
    for (const { attributes, count } of this.#counts.values()) result.observe(count, attributes);
  }
}

function attributesOf(labels: readonly string[]): Attributes {
  const attributes: Attributes = {};
  for (let index = 0; index < labels.length; index += 2) attributes[labels[index] ?? ''] = labels[index + 1] ?? '';
  return attributes;
}
