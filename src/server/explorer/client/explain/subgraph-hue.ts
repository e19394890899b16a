import type { CSSProperties } from 'react';
import type { Explanation } from '../../../../explain/explanation.ts';

/** Gives each subgraph of a plan a colour of its own, as the custom property `--hue`. */
export type HueOf = (subgraph: string) => CSSProperties;

/** Neighbours are never alike; none is the red of what went wrong. */
const hues = [208, 275, 160, 42, 318, 95, 188, 240] as const;

export function huesOf({ plan }: Explanation): HueOf {
  const names = [...new Set(plan.fetches.map(({ subgraph }) => subgraph))];
  return (subgraph) => {
    const hue: Record<`--${string}`, number> = {
      '--hue': hues[Math.max(0, names.indexOf(subgraph)) % hues.length] ?? hues[0],
    };
    return hue;
  };
}
