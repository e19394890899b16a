import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../cli/run.ts';

/** The text of the README's code block that is marked `<!-- block: NAME -->`. */
export async function readmeBlock(name: string): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const block = new RegExp(
    `^ *<!-- block: ${name} -->\\n+(?:<!-- prettier-ignore -->\\n)?(?<indent> *)\`\`\`\\w+\\n(?<text>.*?)^ *\`\`\`$`,
    'ms',
  );
  const { indent = '', text } = block.exec(readme)?.groups ?? {};
  if (text === undefined) throw new Error(`Expected a block of the README marked "${name}", got none`);
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

/**
 * The first part of a shortened output that the real output does not have; undefined when all is true. The parts
 * between ellipses must follow one another in the real output; white space does not count.
 */
export function untruePart(shown: string, real: string): string | undefined {
  const whole = real.replaceAll(/\s/g, '');
  let from = 0;
  for (const part of shown.replaceAll(/\s/g, '').split('…')) {
    const found = whole.indexOf(part, from);
    if (found === -1) return part;
    from = found + part.length;
  }
  return undefined;
}
