/** What an expression asks of one time series. */
export interface Selector {
  readonly series: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

export interface Expression {
  readonly selectors: readonly Selector[];
  /** Labels of `by (…)`. */
  readonly groupedBy: readonly string[];
  /** Names that are neither functions nor followed by `{…}`: series without a selector, or typing errors. */
  readonly strays: readonly string[];
}

const matcher = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;
const words = new Set(['by', 'or', 'and', 'unless']);

/** Takes apart PromQL in which every series has braces; it does not check the grammar. */
export function readPromql(source: string): Expression {
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  const rest = source
    .replaceAll(/([a-zA-Z_]\w*)\{([^}]*)\}(?:\[[^\]]*\])?/g, (_, series: string, text: string) => {
      const found = [...text.matchAll(matcher)];
      selectors.push({
        series,
        matchers: found.map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
      });
      return '';
    })
    .replaceAll(/\bby\s*\(([^)]*)\)/g, (_, labels: string) => {
      groupedBy.push(...labels.split(',').map((label) => label.trim()));
      return '';
    })
    .replaceAll(/\w+\s*\(/g, '(');
  const strays = (rest.match(/[a-zA-Z_]\w*/g) ?? []).filter((name) => !words.has(name));
  return { selectors, groupedBy, strays };
}
