import type { ExplainedField } from '../../../../explain/explanation.ts';

/** Is it a field that a reader asks about: null, denied or with errors? */
export function standsOut({ nulls, verdict, errors }: ExplainedField): boolean {
  return nulls > 0 || verdict === 'denied' || errors.length > 0;
}

/** What became of a field and why, in sentences. */
export function whyNull(field: ExplainedField, fields: readonly ExplainedField[]): string[] {
  const { path, verdict, nulls, errors, subgraphs } = field;
  const times = nulls === 1 ? 'once' : `${nulls} times`;
  const isAbove = (other: ExplainedField): boolean => path.startsWith(`${other.path}.`);
  const failedBelow = fields.find((other) => other.path.startsWith(`${path}.`) && other.errors.length > 0);
  const deniedAbove = fields.find((other) => other.verdict === 'denied' && isAbove(other));
  return [
    ...(verdict === 'denied' ? ['A rule denied it: no subgraph was asked.'] : []),
    ...(verdict === 'above' ? [`It was not asked for: ${deniedAbove?.path ?? 'a field above it'} is denied.`] : []),
    ...(verdict === 'data' ? ['Rules decided it for each object by itself.'] : []),
    ...(nulls > 0 ? [`It is null ${times} in the answer.`] : []),
    ...(nulls > 0 && errors.length === 0 && failedBelow !== undefined
      ? [`${failedBelow.path} below it has an error; where that may not be null, this is null instead.`]
      : []),
    ...(nulls > 0 && errors.length === 0 && failedBelow === undefined && subgraphs.length > 0
      ? [`No error came with it: null is what ${subgraphs.join(' and ')} answered.`]
      : []),
  ];
}
