import { canonicalJson } from '../core/json.ts';
import type { FetchContext } from '../core/request-context.ts';
import { Asker, unvaried } from './asker.ts';
import type { AskerOptions, Variation } from './asker.ts';
import type { EntityLookup, LookupText } from './entity-cache.ts';
import { digest, entryKeys, variationKey } from './lookup-keys.ts';
import type { EntryKeys } from './lookup-keys.ts';
import type { SchemaFacts } from './schema-facts.ts';
import { createTagPlan } from './tag-plan.ts';
import type { TagPlan } from './tag-plan.ts';

/** A look-up with what follows from it and from who asks. */
export interface PreparedLookup {
  readonly lookup: EntityLookup;
  readonly asker: Asker;
  readonly plan: TagPlan;
  /** Where the variation of its answers is kept. */
  readonly variationKey: string;
  /** A key for each representation; undefined where the asker can have none. */
  readonly keysOf: (variation: Variation) => readonly string[] | undefined;
}

export interface LookupOptions extends AskerOptions {
  readonly facts: SchemaFacts;
  /** Changes with the supergraph and is equal on all replicas that serve it, such as a hash of its SDL. */
  readonly supergraphId: string;
}

/** undefined where it is not known what subgraphs are sent, and so not whose an answer is. */
export type PrepareLookup = (lookup: EntityLookup, context: FetchContext) => PreparedLookup | undefined;

/** What is the same for all look-ups of one text. */
interface KnownText {
  readonly subgraph: string;
  readonly plan: TagPlan;
  readonly text: string;
  /** Without variables and contexts. */
  readonly plain: UnvariedKeys;
}

/** Of what varies by nothing. */
interface UnvariedKeys {
  readonly digest: string;
  readonly keys: EntryKeys;
}

export function createLookupPreparation({
  facts,
  supergraphId,
  forwardedHeaders,
  fromPrincipal,
}: LookupOptions): PrepareLookup {
  const options = { forwardedHeaders, fromPrincipal };
  const texts = new WeakMap<LookupText, KnownText>();
  const textOf = (lookup: EntityLookup): KnownText => {
    let known = texts.get(lookup.text);
    if (known?.subgraph !== lookup.subgraph) {
      const { subgraph, isRoot } = lookup;
      const text = JSON.stringify([supergraphId, options, subgraph, isRoot, lookup.text]);
      known = { subgraph, plan: createTagPlan(lookup, facts.types), text, plain: unvariedKeys([text, '{}', []]) };
      texts.set(lookup.text, known);
    }
    return known;
  };
  return (lookup, context) => {
    const scope = context.scopeOf(lookup.subgraph);
    if (scope === undefined) return undefined;
    const asker = new Asker(scope, context, options);
    const { plan, text, plain } = textOf(lookup);
    const { representations, contexts } = lookup;
    const variables = canonicalJson(lookup.variables);
    const isPlain = variables === '{}' && contexts.length === 0;
    const unvariedOf = isPlain ? plain : unvariedKeys([text, variables, contexts]);
    return {
      lookup,
      asker,
      plan,
      variationKey: variationKey(unvariedOf.digest, asker.kind),
      keysOf(variation) {
        const part = variation === unvaried ? '' : asker.keyPart(variation);
        if (part === undefined) return undefined;
        return representations.map(part === '' ? unvariedOf.keys : entryKeys(digest([unvariedOf.digest, part])));
      },
    };
  };
}

function unvariedKeys(parts: readonly unknown[]): UnvariedKeys {
  const common = digest(parts);
  return { digest: common, keys: entryKeys(common) };
}
