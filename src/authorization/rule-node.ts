import type { GraphQLResolveInfo } from 'graphql';
import type { DecideList } from './list-rule.ts';
import type { Protection } from '../supergraph/supergraph.ts';
import type { RuleFragment } from './rule-fragment.ts';

/** Why a position is null, as the client reads it. */
export interface Denial {
  readonly message: string;
  /** The last two are not said by rules, but by limits on single fields. */
  readonly code:
    'FORBIDDEN' | 'UNAUTHENTICATED' | 'UNAUTHORIZED_FIELD_OR_TYPE' | 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE';
  /** Of the error, besides the code. */
  readonly extensions?: object;
}

/** A checked rule of a rule tree as plain data. */
export type RuleNode =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny' }
  | LeafRule
  | Requirement
  | { readonly kind: 'and' | 'or' | 'chain' | 'race'; readonly rules: readonly RuleNode[] }
  | { readonly kind: 'not'; readonly rule: RuleNode; readonly denial: Denial | undefined };

/** What `rule(...)` or `inputRule(...)` made. */
export interface LeafRule {
  readonly kind: 'rule' | 'inputRule';
  readonly name: string;
  /** Where the tree first mentions it, such as `Query.me`: for logs, because a rule need not have a name. */
  readonly at: string;
  readonly cache: 'no_cache' | 'contextual' | 'strict' | ((...call: RuleArguments) => unknown);
  readonly decide: (...call: RuleArguments) => unknown;
  /** What it reads of the parent: such a rule waits for the data. */
  readonly fragment: RuleFragment | undefined;
  /** Takes the place of `decide`: it is asked about many parents at once. */
  readonly decideList: DecideList | undefined;
}

/** What a directive of the schema asks of the request alone; asked once per operation for each name. */
export interface Requirement {
  readonly kind: 'requirement';
  readonly name: string;
  readonly protection: Protection;
  readonly holds: (context: object) => boolean | Promise<boolean>;
  readonly denial: Denial;
}

/** parent, arguments, context, info: as shield calls a rule. */
export type RuleArguments = [parent: object, args: object, context: object, info: GraphQLResolveInfo];

/** A rule's Error as a denial: its message, and of its extensions only the code that asks for a login. */
export function denialOf(error: Error): Denial | undefined {
  if (error.message === '') return undefined;
  const extensions: unknown = Reflect.get(error, 'extensions');
  const unauthenticated =
    typeof extensions === 'object' && extensions !== null && Reflect.get(extensions, 'code') === 'UNAUTHENTICATED';
  return { message: error.message, code: unauthenticated ? 'UNAUTHENTICATED' : 'FORBIDDEN' };
}
