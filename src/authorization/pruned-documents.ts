import { hash } from 'node:crypto';
import { Kind } from 'graphql';
import type { DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { visitSelections } from '../core/visit-selections.ts';
import type { Asked, Denials, Postponements } from './decide-fields.ts';
import { prune } from './prune.ts';
import type { CompiledRules } from './rule-tree.ts';

/** What decisions leave of an operation. */
export interface PrunedDocument {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** A hash of the decisions: equal for equal ones of one document. */
  readonly decisions: string;
}

/** Where who asks and the arguments lead to more outcomes than this, the oldest is worked out anew. */
const MAX_OUTCOMES = 32;

interface KnownDocument {
  readonly numbers: ReadonlyMap<FieldNode, number>;
  readonly outcomes: LRUCache<string, PrunedDocument>;
}

const knownByRules = new WeakMap<CompiledRules, WeakMap<DocumentNode, KnownDocument>>();

/** `prune` once for each outcome: who is denied the same gets the very same document. `conditions` are those of the variables. */
export function prunedDocument(
  asked: Asked & { readonly rules: CompiledRules; readonly conditions: string },
  denials: Denials,
  postponed: Postponements,
): PrunedDocument {
  const { rules, document, operation, conditions } = asked;
  const documents = knownByRules.get(rules) ?? new WeakMap<DocumentNode, KnownDocument>();
  knownByRules.set(rules, documents);
  const { numbers, outcomes } = documents.get(document) ?? firstSeen(document);
  documents.set(document, { numbers, outcomes });

  const numbered = (decided: Denials | Postponements): unknown =>
    [...decided].map(([node, byType]) => [numbers.get(node), ...byType.keys()]);
  const key = JSON.stringify([operation.name?.value, conditions, numbered(denials), numbered(postponed)]);
  let outcome = outcomes.get(key);
  if (outcome === undefined) {
    const pruned = prune(asked, denials, postponed);
    const definitions = [pruned.operation, ...pruned.fragments];
    const left: DocumentNode = { kind: Kind.DOCUMENT, definitions };
    outcome = { document: left, operation: pruned.operation, decisions: hash('sha256', key) };
    outcomes.set(key, outcome);
  }
  return outcome;
}

/** Numbers of the fields, the same for the same text. */
function firstSeen(document: DocumentNode): KnownDocument {
  const numbers = new Map<FieldNode, number>();
  visitSelections(document, (node) => {
    if (node.kind === Kind.FIELD) numbers.set(node, numbers.size);
  });
  return { numbers, outcomes: new LRUCache({ max: MAX_OUTCOMES }) };
}
