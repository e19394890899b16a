import type { EntityCache, LookupText } from '../cache/entity-cache.ts';
import type { Timeline } from '../core/timeline.ts';
import type { OperationRun } from './execute-operation.ts';
import type { ExecutableGroup } from './executable.ts';
import type { PreparedFetch } from './execute-plan.ts';
import { isSeveral } from './grouping.ts';

/** Is told of each group of fetches that is run, and runs it. */
export type ObserveGroup = (
  group: ExecutableGroup,
  fetches: readonly PreparedFetch[],
  run: () => Promise<void>,
) => Promise<void>;

/** The same run, noting in the timeline what is fetched, for how many objects, and what of it the cache knew. */
export function observeExecution(run: OperationRun, timeline: Timeline): OperationRun {
  /** By the text of a step, which is the step's own. */
  const found = new Map<LookupText, number>();

  const observeGroup: ObserveGroup = async (group, fetches, fetch) => {
    const span = timeline.start('fetch');
    span.facts['index'] = group.index;
    span.facts['subgraph'] = group.subgraph;
    span.facts['objects'] = sum(
      fetches.flatMap(({ targets }) => targets.map((objects) => (isSeveral(objects) ? objects.length : 1))),
    );
    span.facts['entities'] = sum(fetches.map(({ representations }) => representations.length));
    try {
      await fetch();
    } finally {
      span.facts['cached'] = sum(fetches.map(({ step }) => found.get(step.text) ?? 0));
      timeline.end(span);
    }
  };

  return { ...run, observeGroup, cache: run.cache && observeCache(run.cache) };

  function observeCache(cache: EntityCache): EntityCache {
    return {
      inBackground: (task) => cache.inBackground(task),
      async read(lookups, context) {
        const span = timeline.start('cache');
        const readings = await cache.read(lookups, context);
        let hits = 0;
        for (const [index, { text }] of lookups.entries()) {
          const known = readings[index]?.values.filter((value) => value !== undefined).length ?? 0;
          found.set(text, (found.get(text) ?? 0) + known);
          hits += known;
        }
        span.facts['hits'] = hits;
        span.facts['misses'] = sum(lookups.map(({ representations }) => representations.length)) - hits;
        timeline.end(span);
        return readings;
      },
    };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
