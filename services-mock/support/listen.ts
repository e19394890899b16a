import type { FastifyInstance } from 'fastify';

export interface ListenOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** 127.0.0.1 when absent. */
  readonly host?: string | undefined;
}

/** A service that answers. */
export interface RunningService {
  readonly name: string;
  /** Where it answers, for example `http://127.0.0.1:4001/graphql`. */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error that names service, host and port when they cannot be had. */
export async function listen(
  name: string,
  app: FastifyInstance,
  { port, host = '127.0.0.1' }: ListenOptions,
  path: string,
): Promise<RunningService> {
  try {
    const origin = await app.listen({ port, host });
    return { name, url: `${origin}${path}`, close: () => app.close() };
  } catch (error) {
    await app.close();
    const reason = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'it is taken' : error;
    throw new Error(`The ${name} service cannot listen on ${host}:${String(port)}: ${String(reason)}`, {
      cause: error,
    });
  }
}
