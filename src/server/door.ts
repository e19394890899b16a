import type { Principal } from '../core/principal.ts';
import type { RequestRecord } from '../core/request-context.ts';

/** A request at the door: what the steps may still fill in. */
export interface DoorRequest {
  readonly requestId: string;
  /** Names in lower case, several values joined with ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly clientAddress: string;
  principal: Principal | null;
  /** Put on the answer or on the refusal; names in lower case. */
  readonly responseHeaders: Map<string, string>;
  readonly record: RequestRecord;
}

/** First listed is outermost; a step refuses by throwing a `RequestError`. Steps run before the body is read. */
export interface DoorStep {
  readonly name: string;
  run(request: DoorRequest): Promise<void> | void;
}
