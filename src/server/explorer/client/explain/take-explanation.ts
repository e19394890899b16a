import type { FormattedExecutionResult } from 'graphql';
import type { Explanation } from '../../../../explain/explanation.ts';

export type GatewayAnswer = Omit<FormattedExecutionResult, 'extensions'> & {
  readonly extensions?: { readonly atrium?: Explanation };
};

export interface TakenExplanation {
  /** What the gateway would have answered without being asked to explain. */
  readonly answer: FormattedExecutionResult;
  /** Absent when the gateway did not explain. */
  readonly explanation: Explanation | undefined;
}

/** Takes `extensions.atrium` out of an answer, and `extensions` when nothing else is in it. */
export function takeExplanation(answer: GatewayAnswer): TakenExplanation {
  const { extensions, ...others } = answer;
  if (extensions?.atrium === undefined) return { answer, explanation: undefined };
  const { atrium, ...kept } = extensions;
  return {
    answer: Object.keys(kept).length === 0 ? others : { ...others, extensions: kept },
    explanation: atrium,
  };
}
