/**
 * Runs `run` at most once at a time. Calls during a run share one more run after it, because what they were made for
 * may have come too late for the present one; a promise settles when nothing is left to run. `run` must not reject.
 */
export function neverOverlapping(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const runUntilDone = async () => {
    do {
      again = false;
      await run();
    } while (again);
    running = undefined;
  };
  return () => {
    again = running !== undefined;
    running ??= runUntilDone();
    return running;
  };
}
