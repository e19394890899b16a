import { didYouMean } from 'graphql/jsutils/didYouMean.js';
import { suggestionList } from 'graphql/jsutils/suggestionList.js';

/** `. Did you mean "port"?`, or nothing when no known name is near enough. */
export function closestNames(name: string, known: readonly string[]): string {
  return didYouMean(suggestionList(name, known)).replace(/^ /, '. ');
}
