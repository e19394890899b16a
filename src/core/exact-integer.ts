declare global {
  interface JSON {
    /** A value that `JSON.stringify` writes as this text (TC39, JSON.parse source text access). */
    rawJSON(text: string): unknown;
  }
}

/**
 * An integer of a JSON text that is no safe one: as a number it would come out with other digits. It is written into JSON
 * as it was read, and is compared and computed with as a bigint.
 */
export class ExactInteger {
  /** Its digits, with the sign of a negative one. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return JSON.rawJSON(this.text);
  }

  valueOf(): bigint {
    return BigInt(this.text);
  }

  toString(): string {
    return this.text;
  }
}
