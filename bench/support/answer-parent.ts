import { questionSchema } from './messages.ts';
import type { Reply } from './messages.ts';

/** Answers what the benchmark asks this process over IPC. The process ends with the benchmark, however that ended. */
export function answerParent(handlers: Readonly<Record<string, (payload: unknown) => unknown>>): void {
  const reply = (message: Reply) => process.send?.(message);
  process.on('message', (message) => {
    const question = questionSchema.safeParse(message);
    if (!question.success) return;
    const { benchId, kind, payload } = question.data;
    const answer = async () => {
      const handler = handlers[kind];
      if (handler === undefined) throw new Error(`no answer to "${kind}"`);
      return handler(payload);
    };
    answer().then(
      (result) => reply({ benchId, result }),
      (error: unknown) => reply({ benchId, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(1));
}
