import { Kind } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import { visitSelections } from '../core/visit-selections.ts';
import type { LabelledField } from '../supergraph/supergraph.ts';

/** Says whether a label of `@override(from:, label:)` is active for a request. */
export type LabelDecision = (label: string, request: RequestContext) => boolean | Promise<boolean>;

/** Who decides the labels of `@override`. */
export interface LabelRules {
  /** Custom labels; without it they are inactive, so that fields stay where they were. */
  readonly decide: LabelDecision | undefined;
  /** From 0 up to, not including, 1: drawn once for each `percent(n)` and request. */
  readonly random: () => number;
  readonly log: Logger;
}

/** The labels that are active for one request. Never rejects: a label that cannot be decided is inactive. */
export async function activeLabels(
  labels: Iterable<string>,
  request: RequestContext,
  rules: LabelRules,
): Promise<ReadonlySet<string>> {
  const decided = await Promise.all([...labels].map((label) => isActive(label, request, rules)));
  return new Set([...labels].filter((_, index) => decided[index]));
}

async function isActive(label: string, request: RequestContext, { decide, random, log }: LabelRules): Promise<boolean> {
  const percentage = /^percent\((\d+(?:\.\d+)?)\)$/u.exec(label)?.[1];
  if (percentage !== undefined) return random() * 100 < Number(percentage);
  const { reuse } = request.record;
  if (decide !== undefined && reuse !== undefined) reuse.isDecided = true;
  try {
    return (await decide?.(label, request)) === true;
  } catch (err) {
    log.error({ err, label }, 'an override label could not be decided, so it is inactive');
    return false;
  }
}

/** The labels that the plan of an operation may depend on, sorted. */
export function relevantLabels(document: DocumentNode, fields: readonly LabelledField[]): readonly string[] {
  if (fields.length === 0) return [];
  const asked = new Set<string>();
  visitSelections(document, (selection) => {
    if (selection.kind === Kind.FIELD) asked.add(selection.name.value);
  });
  return [
    ...new Set(fields.filter(({ field, needed }) => needed || asked.has(field)).map(({ label }) => label)),
  ].sort();
}
