import { isObjectType, OperationTypeNode } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext, RequestRecord } from '../core/request-context.ts';
import { countCalls } from './count-calls.ts';
import type { Counter } from './limiter.ts';
import { chargeOf, clientOf, hashOf, isFieldScope } from './rule.ts';
import type { CompiledRule } from './rule.ts';
import { headersOf, refusalIn, requestErrorOf, takenIn } from './tally.ts';
import type { Entry, Refusal } from './tally.ts';

/** A validated operation of which is known what authorization leaves of it. */
export interface LimitedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Nothing is called at a field node that is denied on a type. */
  readonly isDenied: (typeName: string, node: FieldNode) => boolean;
  /** What it may cost; asked for where a rule charges that. */
  readonly cost: () => number;
  /** Also what key functions are given. */
  readonly context: RequestContext;
}

export interface OperationLimiter {
  /**
   * Counts an operation before it is planned and adds to the response's `RateLimit` fields.
   * @throws RequestError RATE_LIMITED or SERVICE_UNAVAILABLE when it is refused whole: then nothing is charged, not
   * even what the door has taken.
   */
  limit(operation: LimitedOperation): Promise<LimitedFields | undefined>;
  /** Charges what an operation did cost instead of what was expected; `cost` is asked for where that was charged. */
  settle(record: RequestRecord, cost: () => number): Promise<void>;
  /** @throws ConfigurationError for a rule whose field is not in the schema */
  check(schema: GraphQLSchema): void;
}

/** Fields that are refused while the rest of the operation is answered, as `Type.field`. */
export interface LimitedFields {
  readonly refused: ReadonlyMap<string, Refusal>;
  /** For when nothing is answered after all: gives back what operation and request were charged. */
  refund(): Promise<void>;
}

export interface OperationLimiterOptions {
  readonly counter: Counter;
  readonly logger: Logger;
}

export function createOperationLimiter(
  rules: readonly CompiledRule[],
  { counter, logger }: OperationLimiterOptions,
): OperationLimiter {
  const fields = [...new Set(rules.map(({ scope }) => scope).filter(isFieldScope))];

  return {
    async limit(operation) {
      const entries = entriesFor(operation);
      if (entries.length === 0) return undefined;
      const { context } = operation;
      const { record, responseHeaders } = context;
      if (record.reuse !== undefined) record.reuse.isOwn = true;
      const tally = await counter.count(entries, record);
      const refusal = refusalIn(tally, 0);
      const headers = headersOf(counter.talliesOf(record), refusal);
      for (const [name, value] of Object.entries(headers)) responseHeaders.set(name, value);
      if (refusal !== undefined) {
        await counter.refund(record);
        throw requestErrorOf(refusal, headers);
      }
      const refused = new Map<string, Refusal>();
      for (const { rule } of entries) {
        const ofField = rule.shadow ? undefined : refusalIn(tally, rule.group);
        if (ofField !== undefined) refused.set(rule.scope, ofField);
      }
      return refused.size === 0 ? undefined : { refused, refund: () => counter.refund(record) };
    },
    async settle(record, cost) {
      for (const tally of counter.talliesOf(record)) {
        const costly = takenIn(tally).filter(({ rule }) => rule.charge === 'cost');
        const changes = costly.map(({ rule, charge }) => ({
          ...charge,
          increment: Math.ceil(rule.unit * cost()) - charge.increment,
        }));
        if (changes.length > 0) await tally.from.adjust(changes);
      }
    },
    check(schema) {
      for (const { name, scope } of rules) {
        if (!isFieldScope(scope)) continue;
        const [typeName = '', fieldName = ''] = scope.split('.');
        const type = schema.getType(typeName);
        if (isObjectType(type) && Object.hasOwn(type.getFields(), fieldName)) continue;
        throw new ConfigurationError(
          `rateLimit: rule "${name}": expected the scope to be a field of an object type of the supergraph, got "${scope}"`,
        );
      }
    },
  };

  function entriesFor(operation: LimitedOperation): Entry[] {
    const calls = fields.length === 0 ? undefined : countCalls(operation, fields);
    return rules.flatMap((rule) => {
      const { scope, operations, charge } = rule;
      const times = calls?.get(scope) ?? 0;
      const applies = isFieldScope(scope) ? times > 0 : operations?.includes(kindOf(operation)) !== false;
      const { reuse } = operation.context.record;
      // Whom it does not count may have a header by which it counts another who asks the same.
      if (applies && typeof rule.key === 'function' && reuse !== undefined) reuse.isOwn = true;
      const client = applies ? clientFor(rule, operation.context) : undefined;
      if (client === undefined) return [];
      const amount = charge === 'field' ? times : charge === 'request' ? 1 : operation.cost();
      return amount > 0 ? [{ rule, charge: chargeOf(rule, client, amount), amount }] : [];
    });
  }

  function clientFor({ name, key }: CompiledRule, context: RequestContext): string | undefined {
    if (typeof key !== 'function') return clientOf(key, context);
    try {
      const value: unknown = key(context);
      if (value === null) return undefined;
      if (typeof value === 'string') return hashOf('key', value);
      throw new TypeError(`Expected the key of rate limit "${name}" to be a text or null, got ${typeof value}`);
    } catch (error) {
      logger.warn({ policy: name, err: error }, 'the key of a rate limit failed: the client is counted by its address');
      return clientOf('ip', context);
    }
  }
}

function kindOf({ operation: { operation } }: LimitedOperation): 'query' | 'mutation' {
  return operation === OperationTypeNode.MUTATION ? 'mutation' : 'query';
}
