import type { AtriumConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';

type Limits = Pick<AtriumConfig['limits'], 'maxVariableValues' | 'maxVariableDepth'>;

/**
 * Why variables are refused before they are coerced, or undefined. Looks at no more than `maxVariableValues` values.
 * @param variables as `JSON.parse` made them
 */
export function checkVariables(variables: Readonly<Record<string, unknown>>, limits: Limits): RequestError | undefined {
  const { maxVariableValues, maxVariableDepth } = limits;
  let left = maxVariableValues;
  const refusal = visit(variables, maxVariableDepth);
  if (refusal === undefined) return undefined;
  return refusal === 'MAX_VARIABLE_DEPTH_LIMIT'
    ? new RequestError(refusal, `Expected variables nested at most ${maxVariableDepth} levels, got more.`)
    : new RequestError(refusal, `Expected variables of at most ${maxVariableValues} values, got more.`);

  function visit(
    container: object,
    levels: number,
  ): 'MAX_VARIABLE_DEPTH_LIMIT' | 'MAX_VARIABLE_VALUES_LIMIT' | undefined {
    for (const value of Object.values(container)) {
      if (--left < 0) return 'MAX_VARIABLE_VALUES_LIMIT';
      if (typeof value !== 'object' || value === null) continue;
      if (levels === 0) return 'MAX_VARIABLE_DEPTH_LIMIT';
      const refusal = visit(value, levels - 1);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}
