import type { FetchStep } from '../planning/fetch-plan.ts';
import type { BatchPlace } from './batch-answer.ts';
import { selectionText } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** What a batch asks for: slots of one step and one context become one, in which every entity stands once. */
export class BatchQuestion {
  readonly #slots = new Map<
    string,
    { readonly index: number; readonly slot: FetchSlot; readonly indexOf: Map<string, number> }
  >();

  /** Different entities up to now. */
  entities = 0;

  /** How many there would be with these slots. */
  entitiesWith(slots: readonly FetchSlot[]): number {
    let count = this.entities;
    for (const slot of slots) {
      const known = this.#slots.get(slotKey(slot))?.indexOf;
      for (const representation of slot.representations) if (known?.has(representation) !== true) count += 1;
    }
    return count;
  }

  add(slot: FetchSlot): BatchPlace {
    const key = slotKey(slot);
    const known = this.#slots.get(key) ?? { index: this.#slots.size, slot, indexOf: new Map<string, number>() };
    this.#slots.set(key, known);
    const { index, indexOf } = known;
    const indexes = slot.representations.map((representation) => {
      const place = indexOf.get(representation);
      if (place !== undefined) return place;
      this.entities += 1;
      indexOf.set(representation, indexOf.size);
      return indexOf.size - 1;
    });
    return { slot: index, indexes };
  }

  slots(): FetchSlot[] {
    return [...this.#slots.values()].map(({ slot, indexOf }) => ({ ...slot, representations: [...indexOf.keys()] }));
  }
}

const stepTexts = new WeakMap<FetchStep, string>();

/** Equal for slots that ask the same of their entities, also when they come from different operations. */
function slotKey({ step, contexts = [] }: FetchSlot): string {
  let text = stepTexts.get(step);
  if (text === undefined) {
    text = JSON.stringify([selectionText(step.text), step.contexts.map(({ name, type }) => [name, type])]);
    stepTexts.set(step, text);
  }
  return contexts.length === 0 ? text : text + JSON.stringify(contexts);
}
