import type { DocumentNode } from 'graphql';
import type { ParsedConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { countMergePairs } from './count-merge-pairs.ts';
import { measureDocument } from './measure-document.ts';

/**
 * Why a parsed document is refused, or undefined. Fragments count wherever they are spread, but are walked once; only a
 * document within `maxSelections` is then walked with its fragments expanded.
 */
export function checkDocument(
  document: DocumentNode,
  source: string,
  limits: ParsedConfig['limits'],
): RequestError | undefined {
  const bytes = Buffer.byteLength(source);
  if (bytes > limits.maxDocumentBytes) {
    return beyond('MAX_DOCUMENT_BYTES_LIMIT', limits.maxDocumentBytes, 'bytes of GraphQL', bytes);
  }
  const size = measureDocument(document, limits.maxDepth);
  const counted = [
    ['MAX_DEPTH_LIMIT', limits.maxDepth, 'levels of selections, values or types', size.depth],
    ['MAX_SELECTIONS_LIMIT', limits.maxSelections, 'selections', size.selections],
    ['MAX_ROOT_FIELDS_LIMIT', limits.maxRootFields, 'root fields', size.rootFields],
    ['MAX_ALIASES_LIMIT', limits.maxAliases, 'aliases', size.aliases],
    ['MAX_DIRECTIVES_LIMIT', limits.maxDirectives, 'directives', size.directives],
  ] as const;
  for (const [code, max, what, got] of counted) if (got > max) return beyond(code, max, what, got);
  const pairs = countMergePairs(document, limits);
  if (pairs === Infinity) return beyond('MAX_SELECTIONS_LIMIT', limits.maxSelections, 'selections', pairs);
  if (pairs > limits.maxMergePairs) {
    return beyond('MAX_MERGE_PAIRS_LIMIT', limits.maxMergePairs, 'pairs of fields or fragments to merge', pairs);
  }
  return undefined;
}

function beyond(code: ErrorCode, max: number, what: string, got: number): RequestError {
  return new RequestError(code, `Expected at most ${max} ${what}, got ${Number.isSafeInteger(got) ? got : 'more'}.`);
}
