import { isNonNullType, Kind, OperationTypeNode, visit } from 'graphql';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Logger } from '../core/logger.ts';
import { decideFields } from './decide-fields.ts';
import type { Asked, Denials, Postponements } from './decide-fields.ts';
import { createEvaluator } from './evaluate.ts';
import { prunedDocument } from './pruned-documents.ts';
import type { Denial } from './rule-node.ts';
import type { CompiledRules } from './rule-tree.ts';
import { fieldOf } from './schema-types.ts';

/** A denied field, as `Type.field`. */
export interface DeniedField {
  readonly field: string;
  readonly denial: Denial;
}

export interface PreFlight {
  /**
   * What to plan and fetch: the operation asked less what is denied, and with what rules read of the data, with only the
   * fragments and variables still used. The very object that came in when there is neither.
   */
  readonly document: DocumentNode;
  /** Tells the documents that are left of one apart; undefined for the very document that came in. */
  readonly decisions?: string;
  /**
   * Why field nodes of the original document are denied; absent when none is. Where several nodes share a response name,
   * a denial of one denies the position.
   */
  readonly denials?: Denials;
  /** What is denied, also where that is not enforced. */
  readonly denied: readonly DeniedField[];
  /** Fields whose rules wait for the data; absent when none does. */
  readonly postponed?: Postponements;
  /** True when the root asks for nothing but `__typename`: no subgraph has to be asked. */
  readonly empty: boolean;
  /**
   * Denied non-null root fields of a mutation. They would make the whole answer null, so the operation must be
   * refused before any of its side effects.
   */
  readonly refused?: readonly { readonly responseName: string; readonly denial: Denial }[];
  /** True when any rule was evaluated: the answer depends on who asks and must be `private, no-store`. */
  readonly touched: boolean;
}

export interface PreFlightInput extends Asked {
  readonly rules: CompiledRules;
  /** What rules receive as `ctx`. */
  readonly context: object;
  readonly logger: Logger;
  /** The values of the variables that `@skip` and `@include` depend on. */
  readonly conditions: string;
  /** False: denials are told and nothing is pruned. */
  readonly isEnforced?: boolean;
}

/**
 * Runs the rules over an operation before it is planned, so that what is denied is neither planned nor fetched nor,
 * for mutations, done.
 *
 * @throws RequestError when the operation cannot be walked or pruned
 */
export async function preFlight(input: PreFlightInput): Promise<PreFlight> {
  const { rules, document, operation, context, logger } = input;
  if (rules.coveredFields === 0) return { document, denied: [], empty: asksNothing(operation), touched: false };

  const {
    denials: found,
    postponed,
    touched,
  } = await decideFields(input, rules, createEvaluator(rules, context, logger));
  const denied = [...found].flatMap(([node, byType]) =>
    [...byType].map(([type, denial]) => ({ field: `${type}.${node.name.value}`, denial })),
  );
  const denials: Denials = input.isEnforced === false ? new Map() : found;
  return { ...pruned(input, denials, postponed), denied, touched };
}

/** What is left when some fields, as `Type.field`, are denied to everybody besides; `denied` stays what rules deny. */
export function denyFields(input: PreFlightInput, decided: PreFlight, fields: ReadonlyMap<string, Denial>): PreFlight {
  const denials = new Map(decided.denials);
  visit(input.document, {
    Field(node) {
      for (const [field, denial] of fields) {
        const [typeName = '', name] = field.split('.');
        if (node.name.value === name) denials.set(node, new Map([[typeName, denial], ...(denials.get(node) ?? [])]));
      }
    },
  });
  const { denied, touched } = decided;
  return { ...pruned(input, denials, decided.postponed ?? new Map()), denied, touched };
}

function pruned(
  input: PreFlightInput,
  denials: Denials,
  postponed: Postponements,
): Omit<PreFlight, 'denied' | 'touched'> {
  const { document, operation } = input;
  if (denials.size === 0 && postponed.size === 0) return { document, empty: asksNothing(operation) };
  const left = prunedDocument(input, denials, postponed);
  const refused = refusedRootFields(input, denials);
  return {
    document: left.document,
    decisions: left.decisions,
    ...(denials.size > 0 ? { denials } : {}),
    ...(postponed.size > 0 ? { postponed } : {}),
    empty: asksNothing(left.operation),
    ...(refused.length > 0 ? { refused } : {}),
  };
}

function asksNothing(operation: OperationDefinitionNode): boolean {
  return operation.selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value === '__typename',
  );
}

function refusedRootFields({ schema, operation }: Asked, denials: Denials): NonNullable<PreFlight['refused']> {
  const mutation = schema.getMutationType()?.name;
  if (operation.operation !== OperationTypeNode.MUTATION || mutation === undefined) return [];
  const refused = new Map<string, Denial>();
  for (const [node, byParent] of denials) {
    const denial = byParent.get(mutation);
    if (denial === undefined || !isNonNullType(fieldOf(schema, mutation, node).type)) continue;
    refused.set(node.alias?.value ?? node.name.value, denial);
  }
  return [...refused].map(([responseName, denial]) => ({ responseName, denial }));
}
