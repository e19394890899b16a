import type { AnswerShape, ShapeField } from '../planning/answer-shape.ts';
import type { FetchStep } from '../planning/fetch-plan.ts';
import { compile, read, write } from './code.ts';
import { forgetField, mergeAnswer, mergeField } from './merge.ts';

/** Completes an object of the response from a subgraph's answer. */
export type Merger = (target: Record<string, unknown>, source: Readonly<Record<string, unknown>>) => void;

/** Compiling costs as much as merging so many objects without it. */
const WORTH_COMPILING = 100;

/** `mergeAnswer` for one step; where it has much to merge, fields that nobody else writes are assigned one by one. */
export function createMerger({ shape }: FetchStep, adopt: boolean): Merger {
  let compiled: Merger | undefined;
  let merged = 0;
  return (target, source) => {
    if (compiled !== undefined) {
      compiled(target, source);
      return;
    }
    mergeAnswer(target, source, shape, adopt);
    merged += 1;
    if (adopt && merged === WORTH_COMPILING) compiled = compileMerger(shape);
  };
}

function compileMerger(shape: AnswerShape): Merger {
  const fields: ShapeField[] = [];
  const sets: ReadonlySet<string>[] = [];
  const usesType = shape.typed.length > 0 ? 'const type=source.__typename??target.__typename;' : '';
  return compile(
    { fields, sets, forgetField, mergeField },
    `return function(target,source){let value;${usesType}${mergeShape(shape)}};`,
  );

  function mergeShape({ fields: members, typed }: AnswerShape): string {
    return [...members.map(mergeOne), ...typed.map(mergeTyped)].join('\n');
  }

  function mergeOne(field: ShapeField): string {
    if (!field.exclusive) {
      fields.push(field);
      return `mergeField(target,source,fields[${fields.length - 1}],true);`;
    }
    const assign = write('target', field.key, 'value');
    const lose = `forgetField(target,${JSON.stringify(field.key)});`;
    return `value=${read('source', field.responseName)};if(value!==undefined){${assign}}else{${lose}}`;
  }

  function mergeTyped({ types, shape: inner }: AnswerShape['typed'][number]): string {
    sets.push(types);
    return `if(typeof type!=='string'||sets[${sets.length - 1}].has(type)){${mergeShape(inner)}}`;
  }
}
