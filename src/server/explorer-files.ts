import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { RequestError } from '../core/errors.ts';
import { explorerContentSecurityPolicy } from './explorer/content-security-policy.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/** Serves the files of one folder under `/explorer/`, and nothing else: only names the folder lists are opened. */
export function serveExplorer(app: FastifyInstance, directory: string): void {
  app.get('/explorer', (_, reply) => reply.redirect('/explorer/', 308));
  app.get<{ Params: { '*': string } }>('/explorer/*', async (request, reply) => {
    const name = request.params['*'] === '' ? 'index.html' : request.params['*'];
    const entries = await readdir(directory, { withFileTypes: true });
    if (!entries.some((entry) => entry.isFile() && entry.name === name)) {
      throw new RequestError('NOT_FOUND', 'Expected the path of a file of the explorer, got another one.');
    }
    const file = join(directory, name);
    const { size, mtimeMs } = await stat(file);
    const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
    reply
      .header('content-security-policy', explorerContentSecurityPolicy)
      .header('cache-control', 'no-cache')
      .header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type(types[extname(name)] ?? 'application/octet-stream').send(await readFile(file));
  });
}
