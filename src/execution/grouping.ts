import type { SingleKey } from '../planning/interchangeable.ts';
import { getOwn } from './own.ts';
import { MISSING, OTHER_TYPE } from './representation.ts';
import type { RepresentationWriter } from './representation.ts';
import type { ResponseObject } from './targets.ts';

/** The objects one representation stands for; mostly it is one, and a list for each would double what has to be collected. */
export type Targets = ResponseObject | readonly ResponseObject[];

/** Projection may keep what it makes of this object: it stands at several places. */
export const SHARED = Symbol('shared');

/** Objects by their representations: what is asked for, each once, and for whom. */
export class Grouping {
  readonly representations: string[] = [];
  readonly targets: (ResponseObject | ResponseObject[])[] = [];
  /** Of these no representation could be made. */
  readonly incomplete: ResponseObject[] = [];
  readonly otherType: ResponseObject[] = [];
  readonly #represent: RepresentationWriter;
  readonly #single: SingleKey | undefined;
  readonly #standIns: (ResponseObject | undefined)[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #byText = new Map<string, number>();

  constructor(represent: RepresentationWriter, single: SingleKey | undefined) {
    this.#represent = represent;
    this.#single = single;
  }

  /** Returns the object that stands for this one from now on: an earlier one that is interchangeable with it, or itself. */
  add(object: ResponseObject, isInterchangeable: boolean): ResponseObject {
    const index = this.#indexOf(object);
    if (index === undefined) return object;
    if (isInterchangeable) {
      const standIn = this.#standIns[index];
      if (standIn !== undefined) {
        standIn[SHARED] = true;
        return standIn;
      }
      this.#standIns[index] = object;
    }
    const known = this.targets[index];
    if (known === undefined) this.targets[index] = object;
    else if (Array.isArray(known)) known.push(object);
    else this.targets[index] = [known, object];
    return object;
  }

  #indexOf(object: ResponseObject): number | undefined {
    const key = this.#single === undefined ? undefined : keyOf(object, this.#single);
    const known = key === undefined ? undefined : this.#byKey.get(key);
    if (known !== undefined) return known;
    const text = this.#represent(object);
    if (text === MISSING || text === OTHER_TYPE) {
      (text === MISSING ? this.incomplete : this.otherType).push(object);
      return undefined;
    }
    const index = (key === undefined ? this.#byText.get(text) : undefined) ?? this.representations.push(text) - 1;
    if (key === undefined) this.#byText.set(text, index);
    else this.#byKey.set(key, index);
    return index;
  }
}

function keyOf(object: ResponseObject, { typeName, field }: SingleKey): string | undefined {
  if (object['__typename'] !== typeName) return undefined;
  const value = getOwn(object, field);
  return typeof value === 'string' ? value : undefined;
}

export function isSeveral(targets: Targets): targets is readonly ResponseObject[] {
  return Array.isArray(targets);
}
