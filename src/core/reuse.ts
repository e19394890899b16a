/** What is learnt of an answer while it is made: to whom else it may be given, and for how long. Rooms only narrow it. */
export class Reuse {
  /** The generation that made it; undefined while none was asked. */
  generation: string | undefined;
  /** Until when all its parts are fresh, in milliseconds of `performance.now()`; 0 when one may not be kept. */
  freshUntil = Infinity;
  /** All its parts are public by their own word. */
  isPublic = true;
  /** Some part is meant for the one who asked alone. */
  isPrivate = false;
  /** Rules, or the labels of `@override`, had a say: it is for those who ask in the same scope. */
  isDecided = false;
  /** Nobody else may have it: a limit counts such operations one by one, it tells what this request alone asked to know, or varies by its baggage. */
  isOwn = false;

  forbid(): void {
    this.freshUntil = 0;
  }
}
