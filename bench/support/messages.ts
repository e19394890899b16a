import { z } from 'zod';

/** From the benchmark to one of its processes, and back. */
export const questionSchema = z.object({ benchId: z.number(), kind: z.string(), payload: z.unknown() });
export const replySchema = z.object({
  benchId: z.number(),
  result: z.unknown().optional(),
  error: z.string().optional(),
});

export type Question = z.infer<typeof questionSchema>;
export type Reply = z.infer<typeof replySchema>;
