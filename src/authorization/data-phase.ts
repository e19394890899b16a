import { isObjectType } from 'graphql';
import type { FieldNode, GraphQLSchema } from 'graphql';
import type { Verdict, VerdictPlace } from '../execution/project.ts';
import type { FieldNames } from '../planning/field-names.ts';
import type { Postponed } from './evaluate.ts';
import type { PreFlight } from './pre-flight.ts';
import type { Denial, LeafRule } from './rule-node.ts';
import { parentReader } from './rule-parent.ts';
import type { ParentReader } from './rule-parent.ts';

/** How the answer is shaped once the data is there. */
export interface DataPhase {
  /**
   * Asks the rules that were put off, for each parent when projection comes to it: so a hidden parent stops what is below
   * it. Where a rule answers later, the position counts as denied until `pending` has settled.
   */
  readonly verdict: Verdict;
  /** The same as the rules put it. */
  readonly decide: (...place: Parameters<Verdict>) => Denial | undefined;
  /** Keys of fetched objects that rules alone read: clients hear nothing of them. */
  readonly hidden: ReadonlySet<string>;
  /** What the verdicts up to now still wait for; undefined when they are final. */
  readonly pending: () => Promise<unknown> | undefined;
}

/** What is to decide at one field node, on parents of one type. */
interface Position {
  readonly postponed: Postponed;
  readonly readers: ReadonlyMap<LeafRule, ParentReader>;
  readonly decided: Map<object, Denial | undefined | Promise<void>>;
}

const undecided: Denial = { message: 'Not decided yet.', code: 'FORBIDDEN' };

/** undefined when there is nothing to hide, whatever the data. */
export function createDataPhase(
  { denials, postponed }: PreFlight,
  schema: GraphQLSchema,
  names: FieldNames,
): DataPhase | undefined {
  if (denials === undefined && postponed === undefined) return undefined;
  const hidden = new Set<string>();
  const positions = new Map<FieldNode, Map<string, Position>>();
  let waiting: Promise<void>[] = [];

  for (const [node, byType] of postponed ?? []) {
    const prepared = new Map<string, Position>();
    for (const [typeName, undecidedRule] of byType) {
      const type = schema.getType(typeName);
      if (!isObjectType(type)) throw new Error(`Rules are decided on object types, got ${typeName}`);
      const readers = new Map<LeafRule, ParentReader>();
      for (const leaf of undecidedRule.leaves) {
        if (leaf.fragment === undefined) continue;
        const reader = parentReader(leaf.fragment, type, schema, names);
        for (const name of reader.names) hidden.add(name);
        readers.set(leaf, reader);
      }
      prepared.set(typeName, { postponed: undecidedRule, readers, decided: new Map() });
    }
    positions.set(node, prepared);
  }

  return {
    hidden,
    decide: decideAt,
    verdict(...place) {
      const denial = decideAt(...place);
      return denial && { message: denial.message, extensions: { ...denial.extensions, code: denial.code } };
    },
    pending() {
      if (waiting.length === 0) return undefined;
      const all = Promise.all(waiting);
      waiting = [];
      return all;
    },
  };

  function decideAt(...[parentType, node, place]: Parameters<Verdict>): Denial | undefined {
    const position = positions.get(node)?.get(parentType);
    return denials?.get(node)?.get(parentType) ?? (position && decide(position, place));
  }

  function decide({ postponed: rule, readers, decided }: Position, place: VerdictPlace): Denial | undefined {
    const { parent } = place;
    const known = decided.get(parent);
    if (known !== undefined || decided.has(parent)) return known instanceof Promise ? undecided : known;
    const decision = rule.resume((leaf) => {
      const reader = readers.get(leaf);
      if (reader === undefined) throw new Error(`Nothing was fetched for rule "${leaf.name}"`);
      return reader.read(place);
    });
    if (!(decision instanceof Promise)) {
      decided.set(parent, decision);
      return decision;
    }
    const settled = decision.then((denial) => void decided.set(parent, denial));
    decided.set(parent, settled);
    waiting.push(settled);
    return undecided;
  }
}
