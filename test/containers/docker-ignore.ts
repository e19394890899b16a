import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

interface Pattern {
  /** Lets through what an earlier pattern kept out. */
  readonly negated: boolean;
  readonly text: string;
  readonly matcher: RegExp;
}

/** What a `.dockerignore` says: the last pattern that meets a path, or a folder above it, decides. */
export interface DockerIgnore {
  letsThrough(path: string): boolean;
  /** The files under `root` it lets through, relative to it. Anything but folders and files is left out. */
  filesOf(root: string): Promise<string[]>;
}

/** Reads the text of a `.dockerignore`; of its syntax `*`, `**` and `!`, other wildcards throw. */
export function parseDockerIgnore(source: string): DockerIgnore {
  const patterns = source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parsePattern);

  function letsThrough(path: string): boolean {
    return !(patterns.findLast(({ matcher }) => matcher.test(path))?.negated === false);
  }

  async function filesBelow(root: string, folder: string): Promise<string[]> {
    const files: string[] = [];
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const mayHoldMore = patterns.some(({ negated, text }) => negated && text.startsWith(`${path}/`));
      if (entry.isDirectory() && (letsThrough(path) || mayHoldMore)) files.push(...(await filesBelow(root, path)));
      if (entry.isFile() && letsThrough(path)) files.push(path);
    }
    return files;
  }

  return { letsThrough, filesOf: (root) => filesBelow(root, '') };
}

function parsePattern(line: string): Pattern {
  const negated = line.startsWith('!');
  const text = (negated ? line.slice(1) : line).replace(/^\//, '').replace(/\/$/, '');
  if (/[?[\]\\]/.test(text)) throw new Error(`.dockerignore: expected no wildcard but * and **, got ${line}`);
  const expression = text
    .split(/(\*\*\/|\*\*|\*)/)
    .map((part) => wildcards[part] ?? part.replaceAll(/[^\w/-]/g, '\\$&'))
    .join('');
  return { negated, text, matcher: new RegExp(`^${expression}(?:/|$)`) };
}

const wildcards: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' };
