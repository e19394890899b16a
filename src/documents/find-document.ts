import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RequestError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import { watchFiles } from '../core/watched-files.ts';
import type { RedisWait } from '../redis/store.ts';
import { readManifests } from './manifest.ts';
import type { PersistedQueries } from './persisted-queries.ts';

export interface DocumentOptions {
  readonly persisted: PersistedQueries;
  readonly manifest: readonly string[];
  /**
   * What becomes of a document that is not in the manifest: `enforce` refuses it, `log` tells of it once. With `off` as well
   * documents of the manifest may be asked for by their ids.
   */
  readonly mode: 'off' | 'log' | 'enforce';
  readonly logger: Logger;
}

/** The parameters of a request, checked for their types. */
export type RequestParams = Readonly<Record<string, unknown>>;

export interface Documents {
  /** Changes with what is trusted. */
  version(): string;
  /**
   * The parameters with the text they refer to as `query`, and without the reference; the same object when they have the
   * text, or when nobody knows it and Apollo Server is to say so.
   * @throws RequestError
   */
  find(params: RequestParams, waiting: RedisWait): Promise<RequestParams>;
  close(): void;
}

const rememberedUnknown = 10_000;
/** Of a name in the log. */
const longestName = 128;

/** @throws ConfigurationError for a manifest that cannot be used to start with */
export function openDocuments({ persisted, manifest, mode, logger }: DocumentOptions): Documents {
  const trusted = watchFiles(manifest, () => readManifests(manifest), { what: 'trusted documents', logger });
  const told = new LRUCache<string, true>({ max: rememberedUnknown });

  const refuseOrTell = (text: string, operationName: unknown): void => {
    if (mode === 'enforce') throw notTrusted();
    if (mode === 'off') return;
    const sha256 = hash('sha256', text);
    if (told.has(sha256)) return;
    told.set(sha256, true);
    const operation = typeof operationName === 'string' ? operationName.slice(0, longestName) : null;
    logger.warn({ operation, sha256 }, 'A document is not in the manifest');
  };

  return {
    version: () => trusted.current().version,
    async find(params, waiting) {
      const { byId, texts } = trusted.current();
      const { query, operationName, documentId } = params;
      const { version, sha256Hash } = persistedQueryOf(params) ?? {};
      const known = byId.get(String(sha256Hash ?? documentId));
      if (typeof query === 'string' && query !== '') {
        if (!texts.has(query)) refuseOrTell(query, operationName);
        return known === query ? withText(params, known) : params;
      }
      if (known !== undefined) return withText(params, known);
      if (mode === 'enforce') throw notTrusted();
      if (sha256Hash === undefined) throw new RequestError('DOCUMENT_NOT_FOUND', unknownId);
      const isAsked = version === 1 && typeof sha256Hash === 'string';
      const registered = isAsked ? await persisted.find(sha256Hash, waiting) : undefined;
      if (registered === undefined) return params;
      if (!texts.has(registered)) refuseOrTell(registered, operationName);
      return withText(params, registered);
    },
    close: () => trusted.close(),
  };
}

const unknownId = 'Expected `documentId` to be an id of the manifest, got another one.';

function notTrusted(): RequestError {
  const message =
    'Expected a document of the manifest, as its text in `query` or its id in `documentId` or ' +
    '`extensions.persistedQuery.sha256Hash`, got another one.';
  return new RequestError('DOCUMENT_NOT_TRUSTED', message);
}

function persistedQueryOf({ extensions }: RequestParams): Record<string, unknown> | undefined {
  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  return isJsonObject(persisted) ? persisted : undefined;
}

function withText(params: RequestParams, query: string): RequestParams {
  const { documentId: _id, extensions, ...others } = params;
  if (!isJsonObject(extensions)) return { ...others, query };
  const { persistedQuery: _persisted, ...more } = extensions;
  return Object.keys(more).length === 0 ? { ...others, query } : { ...others, query, extensions: more };
}
