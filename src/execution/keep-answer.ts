import { isJsonObject } from '../core/json.ts';
import { allFields } from '../planning/answer-shape.ts';
import type { PreparedFetch } from './execute-plan.ts';
import { getOwn, setOwn } from './own.ts';
import type { SlotAnswer } from './slot-answer.ts';

/** Keeps in the cache what of an answer may be kept: errors are not, and one without a place may concern any entity. */
export function keepAnswer({ step, cached }: PreparedFetch, answer: SlotAnswer): void {
  const { response, errors, unplaced, tags } = answer;
  if (cached === undefined || response.data === null || unplaced.length > 0) return;
  const { reading, indexes } = cached;
  const { headers } = response;
  if (step.represent === undefined) {
    if (errors.length > 0) return;
    const own: Record<string, unknown> = {};
    for (const { responseName } of allFields(step.shape)) {
      const value = getOwn(response.data, responseName);
      if (value !== undefined) setOwn(own, responseName, value);
    }
    reading.keep(indexes, { values: [own], headers, tags });
    return;
  }
  const entities = getOwn(response.data, answer.key);
  if (!Array.isArray(entities) || entities.length !== indexes.length) return;
  const failed = new Set(errors.map(({ path }) => path?.[1]));
  const values = entities.map((entity: unknown, at) =>
    !failed.has(at) && (entity === null || isJsonObject(entity)) ? entity : undefined,
  );
  reading.keep(indexes, { values, headers, tags });
}
