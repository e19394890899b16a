export interface NullValue {
  /** Of the text, in characters from 0. */
  readonly offset: number;
  /** As in an explanation: response names with dots between, without list indexes. */
  readonly path: string;
}

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Every `null` below `data` in the JSON text of an answer. */
export function nullsIn(text: string): NullValue[] {
  const found: NullValue[] = [];
  // One for each object or list that is open: the key that was read last in it, undefined for a list.
  const keys: (string | undefined)[] = [];
  let last = '';
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === '{') keys.push('');
    else if (token === '[') keys.push(undefined);
    else if (token === '}' || token === ']') keys.pop();
    else if (token === ':') keys[keys.length - 1] = last.slice(1, -1);
    else if (token === 'null') {
      const [root, ...path] = keys.filter((key) => key !== undefined);
      if (root === 'data' && path.length > 0) found.push({ offset: index, path: path.join('.') });
    }
    last = token;
  }
  return found;
}
