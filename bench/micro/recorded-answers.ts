import { setImmediate as nextTurn } from 'node:timers/promises';
import { CannedAnswers } from '../canned-answers.ts';
import type { World } from '../worlds/world.ts';

/**
 * The subgraphs' answers to one operation: recorded the first time, afterwards found by the length of the request, which
 * costs a gateway no more than the content-length header it has to write anyway.
 */
export class RecordedAnswers {
  readonly #subgraphs: ReadonlyMap<string, CannedAnswers>;
  readonly #recorded = new Map<string, Map<number, { readonly body: string; readonly answer: Buffer }>>();
  readonly #interleaved: boolean;
  recording = true;
  /** All bodies of the recording together. */
  bytes = 0;

  /** `interleaved`: every answer comes in a later turn of the event loop. */
  constructor(world: World, interleaved: boolean) {
    this.#subgraphs = new Map(world.subgraphs.map((subgraph) => [subgraph.name, new CannedAnswers(subgraph)]));
    this.#interleaved = interleaved;
  }

  async fetch(subgraph: string, body: string): Promise<Buffer> {
    if (this.recording) return this.#record(subgraph, body);
    if (this.#interleaved) await nextTurn();
    const known = this.#recorded.get(subgraph)?.get(Buffer.byteLength(body));
    if (known === undefined) throw new Error(`${subgraph} was asked what it was not asked the first time: ${body}`);
    return known.answer;
  }

  async #record(subgraph: string, body: string): Promise<Buffer> {
    const answer = await this.#subgraphs.get(subgraph)?.execute(body);
    if (answer === undefined) throw new Error(`there is no subgraph ${subgraph}`);
    let bodies = this.#recorded.get(subgraph);
    if (bodies === undefined) this.#recorded.set(subgraph, (bodies = new Map()));
    const length = Buffer.byteLength(body);
    const known = bodies.get(length);
    if (known !== undefined && known.body !== body) throw new Error(`two requests to ${subgraph} have ${length} bytes`);
    bodies.set(length, { body, answer });
    this.bytes += answer.length;
    return answer;
  }
}
