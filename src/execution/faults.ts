import type { SubgraphError } from '../subgraph/client.ts';

/** Why a position of the response has no value: what the client will read there. */
export interface Fault {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Errors by the place they belong to; a tree, so that projection can walk along with it. */
export interface FaultNode {
  /** The types of the object whose field this is, as far as the fetch that reported it asked for it: the object may be null. */
  readonly types: ReadonlySet<string> | undefined;
  readonly faults: Fault[];
  readonly children: Map<string | number, FaultNode>;
  /** Set by projection: the client's response has this position. */
  visited: boolean;
  /** Set by projection: whatever is here or below was told, or must not be. */
  settled: boolean;
}

/** One element of the path that a fault is kept under. */
export interface FaultStep extends Partial<Pick<FaultNode, 'types'>> {
  readonly key: string | number;
}

/** Longest error message of a subgraph that is passed on, in characters. */
const MAX_MESSAGE_LENGTH = 1_000;

/** What went wrong while a plan ran, kept until projection knows which of it the client asked for. */
export class FaultBook {
  /** Errors that subgraphs gave a path; undefined while there are none. */
  root: FaultNode | undefined;
  /** Errors without a position. */
  readonly general: Fault[] = [];
  readonly #failed = new Map<object, Fault>();
  readonly #absent = new Set<object>();

  /** Nothing went wrong and nothing is absent. */
  get isEmpty(): boolean {
    return this.root === undefined && this.general.length === 0 && this.#failed.size === 0 && this.#absent.size === 0;
  }

  /** A fetch that should have completed this object brought nothing. */
  fail(object: object, fault: Fault): void {
    if (!this.#failed.has(object)) this.#failed.set(object, fault);
  }

  failureOf(object: object): Fault | undefined {
    return this.#failed.get(object);
  }

  /** The subgraph does not know this entity: its fields are null without an error. */
  markAbsent(object: object): void {
    this.#absent.add(object);
  }

  isAbsent(object: object): boolean {
    return this.#absent.has(object);
  }

  /** Makes ready for another projection. */
  forgetProjection(node: FaultNode | undefined = this.root): void {
    if (node === undefined) return;
    node.visited = false;
    node.settled = false;
    for (const child of node.children.values()) this.forgetProjection(child);
  }

  addAt(path: readonly FaultStep[], fault: Fault): void {
    let node = (this.root ??= createFaultNode(undefined));
    for (const { key, types } of path) {
      let child = node.children.get(key);
      if (child === undefined) {
        child = createFaultNode(types);
        node.children.set(key, child);
      }
      node = child;
    }
    node.faults.push(fault);
  }
}

/** A subgraph's error as clients may see it: message and code pass, everything else, its name included, stays inside. */
export function faultFrom({ message, extensions }: SubgraphError): Fault {
  const code = extensions?.['code'];
  const text = message === '' ? 'A subgraph reported an error without a message.' : message;
  return {
    message: text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text,
    extensions: { code: typeof code === 'string' ? code.slice(0, 100) : 'DOWNSTREAM_SERVICE_ERROR' },
  };
}

function createFaultNode(types: FaultNode['types']): FaultNode {
  return { types, faults: [], children: new Map(), visited: false, settled: false };
}
