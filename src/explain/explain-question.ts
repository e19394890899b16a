import { z } from 'zod';

const text = (what: string) => z.string(what);

/** What the admin listener is asked to explain: an operation, and the headers it would come with. */
const questionSchema = z.strictObject(
  {
    query: text('expected GraphQL in `query`'),
    operationName: text('expected a name in `operationName`').optional(),
    variables: z.record(z.string(), z.unknown(), 'expected an object in `variables`').optional(),
    headers: z
      .record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\t -~]*$/), 'expected an object of texts in `headers`')
      .default({}),
  },
  'expected {"query": "…", "operationName": "…", "variables": {}, "headers": {"authorization": "Bearer …"}}',
);

export type ExplainQuestion = z.output<typeof questionSchema>;

/** The question in `body`, any JSON; or what is wrong with it, a sentence for each problem. */
export function readExplainQuestion(
  body: unknown,
): { readonly question: ExplainQuestion } | { readonly problems: readonly string[] } {
  const parsed = questionSchema.safeParse(body);
  if (parsed.success) return { question: parsed.data };
  return {
    problems: parsed.error.issues.map(({ message, path }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    ),
  };
}
