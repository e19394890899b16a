import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const termsFile = /^(?:licen[cs]e|notice|thirdpartynotices)/i;

/**
 * The terms of the packages that files of a bundle came from, one after the other, as text: they allow copies that bring
 * them along.
 */
export async function bundledLicences(files: readonly string[]): Promise<string> {
  const folders = new Set(files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const sections = await Promise.all([...folders].map(termsOf));
  return sections.toSorted().join('\n\n');
}

async function termsOf(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const { name, version, license }: Record<string, unknown> = JSON.parse(manifest);
  const names = (await readdir(folder)).filter((entry) => termsFile.test(entry));
  const texts = await Promise.all(names.toSorted().map((entry) => readFile(join(folder, entry), 'utf8')));
  return [`${String(name)} ${String(version)} (${String(license)})`, ...texts.map((text) => text.trim())].join('\n\n');
}
