import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

/** The way of a request: a file may import from its own room and from those further down. */
const rooms = [
  'cli',
  'create-atrium.ts',
  'server',
  'gateway.ts',
  'explain',
  'gateway-options.ts',
  'generation.ts',
  'authentication',
  'rate-limit',
  'documents',
  'limits',
  'authorization',
  'execution',
  'planning',
  'cache',
  'subgraph',
  'supergraph',
  'redis',
  'telemetry',
  'config',
  'core',
];

/** They put rooms together or export from them. */
const knowsEveryRoom = ['create-atrium.ts', 'index.ts', 'testing.ts'];

it('imports go one way, down the way of a request', () => {
  const wrong = sourceFiles(src).flatMap((file) => {
    const path = relative(src, file);
    if (knowsEveryRoom.includes(path)) return [];
    return importsOf(file)
      .map((target) => relative(src, target))
      .filter((target) => rooms.indexOf(roomOf(target)) < rooms.indexOf(roomOf(path)))
      .map((target) => `${path} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

it('every room has its place in the order', () => {
  const found = new Set(sourceFiles(src).map((file) => roomOf(relative(src, file))));
  expect([...found].filter((room) => ![...rooms, ...knowsEveryRoom].includes(room))).toEqual([]);
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? sourceFiles(path) : path))
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('explorer/client/'));
}

function importsOf(file: string): string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier]) => resolve(file, '..', specifier ?? ''));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}
