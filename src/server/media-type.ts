export const json = 'application/json; charset=utf-8';
export const graphqlResponse = 'application/graphql-response+json; charset=utf-8';
export const html = 'text/html; charset=utf-8';

/**
 * The media type of `offers` (in the server's order of preference) that an Accept header asks for, null when it takes
 * none of them (RFC 9110, section 12.5.1). Among equal weights the more specific range wins, then the one named first.
 */
export function negotiate(accept: string | undefined, offers: readonly [string, ...string[]]): string | null {
  if (accept === undefined || accept === '' || accept === '*/*') return offers[0];
  const ranges = accept.split(',').map(parseRange);
  let best: { offer: string; match: Match } | null = null;
  for (const offer of offers) {
    const match = bestMatch(offer, ranges);
    if (match !== null && match.weight > 0 && (best === null || compare(match, best.match) > 0))
      best = { offer, match };
  }
  return best === null ? null : best.offer;
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

interface Match {
  readonly weight: number;
  /** 2 for the type itself, 1 for `application/*`, 0 for everything. */
  readonly specificity: number;
  readonly position: number;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.toLowerCase().split(';');
  const weight = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
  const value = weight === undefined ? 1 : Number(weight.slice(2));
  return { type: type.trim(), weight: value >= 0 && value <= 1 ? value : 0 };
}

/** The most specific range decides about a type: `*` cannot bring back what `application/json;q=0` refuses. */
function bestMatch(offer: string, ranges: readonly Range[]): Match | null {
  const type = offer.slice(0, offer.indexOf(';'));
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  let best: Match | null = null;
  for (const [position, range] of ranges.entries()) {
    const specificity = range.type === type ? 2 : range.type === family ? 1 : range.type === '*/*' ? 0 : -1;
    if (specificity >= 0 && (best === null || specificity > best.specificity)) {
      best = { weight: range.weight, specificity, position };
    }
  }
  return best;
}

function compare(a: Match, b: Match): number {
  return a.weight - b.weight || a.specificity - b.specificity || b.position - a.position;
}
