import type { DraftStep } from './dependencies.ts';
import type { ResponsePath } from './fetch-plan.ts';

/** A place in the response, whichever items of lists lead there, with the steps that bring values to it. */
export class Place {
  readonly name: string;
  /** Each once. */
  readonly writers: DraftStep[] = [];
  readonly #parent: Place | undefined;
  #fields: Map<string, Place> | undefined;

  constructor(name: string, parent?: Place) {
    this.name = name;
    this.#parent = parent;
  }

  field(name: string): Place {
    const fields = (this.#fields ??= new Map<string, Place>());
    let field = fields.get(name);
    if (field === undefined) {
      field = new Place(name, this);
      fields.set(name, field);
    }
    return field;
  }

  fields(): readonly Place[] {
    return this.#fields === undefined ? [] : [...this.#fields.values()];
  }

  /** The place that a path leads to from here. */
  at(path: ResponsePath): Place {
    return path.reduce((place: Place, element) => (element === '@' ? place : place.field(element)), this);
  }

  /** This place and those that it is in, the root excepted. */
  way(): readonly Place[] {
    return this.#parent === undefined ? [] : [...this.#parent.way(), this];
  }
}
