import { z } from 'zod';
import type { RequestContext } from '../core/request-context.ts';
import {
  positive,
  integer,
  flag,
  ruleName,
  list,
  oneOf,
  callback,
  section,
  clientKeys,
  limitKey,
  limitScope,
  longestSeconds,
  bytes,
  count,
} from './checks.ts';

export const rateLimit = section({
  rules: list(
    section({
      name: z.string(ruleName).regex(/^[\w-]+$/, ruleName),
      /**
       * Who shares a limit. `principal` counts an anonymous client by its address, `apiKey` only those that sent one. A
       * function gives a text, or null for who is not counted.
       */
      key: z.union([z.enum(clientKeys), callback<(context: RequestContext) => string | null>(limitKey)], limitKey),
      /** What may be charged per window. */
      limit: integer(1, 1_000_000_000),
      windowSeconds: positive(`a number of seconds over 0 and up to ${longestSeconds}`, longestSeconds),
      /** What may be charged at once; `limit` by default. */
      burst: integer(1, 1_000_000_000).optional(),
      /** What is refused: `request` (default) before the body is read, `operation` before it is planned, or a field. */
      scope: z
        .string(limitScope)
        .regex(/^(request|operation|[_A-Za-z]\w*\.[_A-Za-z]\w*)$/, limitScope)
        .optional(),
      /** With scope `operation`: only these. */
      operations: list(oneOf(['query', 'mutation']), 'a list of "query" and "mutation"')
        .min(1, 'at least one kind')
        .optional(),
      /** `request`: one (default). `field`: each call of the scope's field (default there). `cost`: what an operation costs. */
      charge: oneOf(['request', 'field', 'cost']).optional(),
      /** While Redis cannot count: this process does (default), nobody does, or what the rule limits is refused. */
      onError: oneOf(['local', 'open', 'closed']).optional(),
      /** Count, and only log what would have been refused. */
      shadow: flag.optional(),
    }),
    'a list of rules',
  ),
}).optional();

/**
 * What an operation may be before it is validated, planned or executed. Counts are of a whole document, and a fragment
 * counts wherever it is spread.
 */
export const limits = section({
  /** Longest document, in bytes of UTF-8. */
  maxDocumentBytes: bytes.default(100_000),
  /** Longest document, in tokens. */
  maxTokens: count.default(15_000),
  /** Selection sets, lists and objects in a literal, or lists in a type, one in the other; a fragment is a level too. */
  maxDepth: integer(1, 500).default(100),
  /** Fields, inline fragments and fragment spreads. */
  maxSelections: count.default(5_000),
  maxRootFields: count.default(200),
  maxAliases: count.default(200),
  maxDirectives: count.default(500),
  /** Pairs of fields of one response name, or of spreads, in one place of the answer: 400 times one field are 79,800. */
  maxMergePairs: count.default(100_000),
  /**
   * What an operation may cost at most, by `@cost` and `@listSize` of the supergraph and the variables of the request, less
   * what rules deny before anything is fetched. Without it there is no such limit.
   */
  maxCost: integer(1, 1_000_000_000).optional(),
  /** How many items a list is taken to have that says nothing of it by `@listSize`. */
  defaultListSize: integer(0, 1_000_000).default(10),
  /** Tell the cost in `extensions.cost` to who asks with `x-atrium-cost: 1`. By default only in development mode. */
  showCost: flag.optional(),
  /** Values in the variables of a request, lists and objects included. `server.maxBodyBytes` bounds their bytes. */
  maxVariableValues: count.default(50_000),
  /** Lists and objects in a variable, one in the other. */
  maxVariableDepth: integer(1, 200).default(50),
  /** Errors told of variables that do not fit; the next one ends their coercion. */
  maxVariableErrors: integer(1, 1_000).default(50),
}).prefault({});
