import { getNamedType, isAbstractType, isObjectType } from 'graphql';
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { VerdictOf } from '../authorization/explain.ts';
import { isJsonObject } from '../core/json.ts';
import type { ResponseShape } from '../execution/asked-operation.ts';
import type { Selection } from '../execution/collect-fields.ts';
import type { Executable } from '../execution/executable.ts';
import type { AnswerShape } from '../planning/answer-shape.ts';
import type { ExplainedError, ExplainedField } from './explanation.ts';

export interface FieldsToExplain {
  readonly schema: GraphQLSchema;
  readonly shape: ResponseShape;
  readonly verdictOf: VerdictOf;
  readonly executable: Executable;
  /** As the client gets them; undefined when nothing was run. */
  readonly data: unknown;
  readonly errors: readonly AnswerError[];
}

interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Of a document whose fragments unfold into more, the first ones are told. */
const MAX_FIELDS = 2_000;

/** Every field of an operation by its path: who answers it, who may see it, and what became of it. */
export function explainFields({
  schema,
  shape,
  verdictOf,
  executable,
  data,
  errors,
}: FieldsToExplain): ExplainedField[] {
  const fields: ExplainedField[] = [];
  const owners = ownersByPath(executable);
  const nulls = nullsByPath(data);
  const told = errorsByPath(errors);
  visit(shape.selection, shape.rootType, '', '', false);
  return fields;

  function visit(
    selection: Selection,
    type: GraphQLObjectType,
    path: string,
    dataPath: string,
    isDenied: boolean,
  ): void {
    for (const { responseName, dataName, name, nodes, type: fieldType, selection: below } of selection.fieldsOf(type)) {
      if (fields.length >= MAX_FIELDS) return;
      const at = joined(path, responseName);
      const dataAt = joined(dataPath, dataName);
      const verdicts = nodes.flatMap((node) => verdictOf(node, type.name) ?? []);
      const verdict = isDenied ? 'above' : strictest(verdicts.map(({ access }) => access));
      fields.push({
        path: at,
        field: `${type.name}.${name}`,
        subgraphs: verdict === 'denied' || verdict === 'above' ? [] : [...(owners.get(dataAt) ?? [])],
        verdict,
        rules: isDenied ? [] : [...new Set(verdicts.flatMap(({ because }) => because))],
        nulls: nulls.get(at) ?? 0,
        errors: told.get(at) ?? [],
      });
      if (below === undefined || fieldType === undefined) continue;
      for (const possible of objectTypes(schema, getNamedType(fieldType).name))
        visit(below, possible, at, dataAt, verdict === 'denied' || verdict === 'above');
    }
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function strictest(verdicts: readonly ('allowed' | 'denied' | 'data')[]): ExplainedField['verdict'] {
  if (verdicts.includes('denied')) return 'denied';
  return verdicts.includes('data') ? 'data' : (verdicts[0] ?? 'open');
}

function objectTypes(schema: GraphQLSchema, name: string): readonly GraphQLObjectType[] {
  const type = schema.getType(name);
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [];
}

/** The subgraphs that bring what stands at a place of the gathered data. */
function ownersByPath({ groups }: Executable): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  const visit = (shape: AnswerShape, path: string, subgraph: string): void => {
    for (const field of shape.fields) {
      const at = joined(path, field.key);
      owners.set(at, (owners.get(at) ?? new Set()).add(subgraph));
      if (field.shape !== undefined) visit(field.shape, at, subgraph);
    }
    for (const typed of shape.typed) visit(typed.shape, path, subgraph);
  };
  for (const { subgraph, steps } of groups) {
    for (const { paths, shape } of steps)
      for (const path of paths) visit(shape, path.filter((key) => key !== '@').join('.'), subgraph);
  }
  return owners;
}

function nullsByPath(data: unknown): ReadonlyMap<string, number> {
  const nulls = new Map<string, number>();
  const visit = (value: unknown, path: string): void => {
    if (value === null && path !== '') nulls.set(path, (nulls.get(path) ?? 0) + 1);
    else if (Array.isArray(value)) for (const item of value) visit(item, path);
    else if (isJsonObject(value)) for (const [key, member] of Object.entries(value)) visit(member, joined(path, key));
  };
  visit(data, '');
  return nulls;
}

function errorsByPath(errors: FieldsToExplain['errors']): ReadonlyMap<string, readonly ExplainedError[]> {
  const byPath = new Map<string, Map<string, { code: string; message: string; count: number }>>();
  for (const { path, message, extensions } of errors) {
    const at = (path ?? []).filter((element) => typeof element === 'string').join('.');
    const given = extensions?.['code'];
    const code = typeof given === 'string' ? given : 'none';
    const known = byPath.get(at) ?? new Map<string, { code: string; message: string; count: number }>();
    byPath.set(at, known);
    const same = known.get(`${code} ${message}`) ?? { code, message, count: 0 };
    same.count += 1;
    known.set(`${code} ${message}`, same);
  }
  return new Map([...byPath].map(([path, known]) => [path, [...known.values()]]));
}
