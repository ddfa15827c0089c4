import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The rooms of src in their order: a room imports only from itself and from those above it. */
const rooms = [
  'protocol',
  'telemetry',
  'http',
  'storage',
  'pages',
  'keys',
  'registry',
  'clients',
  'upstream',
  'grants',
  'grant-types',
  'flow',
  'operator',
  'endpoints',
  'resource',
  'express',
  'web',
  'doctor',
  'command',
];

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(path) ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';|\bimport\('([^']+)'\)/gm);
  return [...found].map(([line, specifier, dynamic]) => ({
    from: file,
    to: resolve(file, specifier ?? dynamic ?? ''),
    line: `${file}: ${line.replace(/\s+/g, ' ')}`,
  }));
}

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const path = normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts');
  return existsSync(join(root, path)) ? path : `${path}x`;
}

const roomOf = (file: string) => /^src\/([^/]+)\//.exec(file)?.[1];

const sources = filesBelow('src');
const providers = filesBelow('providers');
const imports = [...sources, ...providers].flatMap(importsOf);

describe('the house', () => {
  it('has exactly the rooms of the plan', () => {
    const found = readdirSync(join(root, 'src')).filter((name) => statSync(join(root, 'src', name)).isDirectory());
    expect(found.sort()).toEqual([...rooms].sort());
  });

  it('lets a room import only from rooms above it, types included', () => {
    const wrong = imports.filter(({ from, to }) => {
      const room = roomOf(from);
      if (room === undefined || (!to.startsWith('src/') && !to.startsWith('providers/'))) return false;
      const target = roomOf(to);
      return target === undefined || rooms.indexOf(target) > rooms.indexOf(room);
    });
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  it('lets a provider know only the contract and the error type', () => {
    const allowed = ['src/upstream/provider.ts', 'src/protocol/auth-error.ts'];
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('providers/') && to.startsWith('src/') && !allowed.includes(to),
    );
    expect(wrong.map(({ line }) => line).filter((line) => !line.startsWith('providers/index.ts: export type'))).toEqual(
      [],
    );
  });

  it('has no circles of files, types included', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
    const circles: string[] = [];
    const walk = (file: string, path: string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      else for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
    };
    for (const file of edges.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('imports no MCP SDK and no framework', () => {
    const wrong = imports.filter(({ to }) => to.startsWith('@modelcontextprotocol/') || to === 'express');
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  it('has no attic', () => {
    const attics = [...sources, ...providers].filter((file) => /\b(utils?|helpers?|common|manager|misc)\b/.test(file));
    expect(attics).toEqual([]);
  });

  it('keeps a file to a few screens', () => {
    const long = [...sources, ...providers]
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 320);
    expect(long).toEqual([]);
  });

  it('has a side for MCP servers elsewhere that runs where there is no Node', () => {
    const files = new Set(['src/resource-door.ts']);
    const packages = new Set<string>();
    for (const file of files) {
      for (const { to, line } of imports.filter(({ from }) => from === file)) {
        if (/: (?:import|export) type /.test(line)) continue;
        (to.startsWith('src/') ? files : packages).add(to);
      }
    }
    expect([...files]).toEqual(expect.arrayContaining(['src/guards.ts', 'src/web/fetch-handler.ts']));
    expect([...packages].sort()).toEqual(['jose', 'zod']);
    const needNode = [...files].filter((file) => /\b(?:Buffer|process)\./.test(readFileSync(join(root, file), 'utf8')));
    // What only a Node server calls.
    expect(needNode).toEqual(['src/express/node-message.ts']);
  });

  it('imports only what the package depends on', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: object;
      peerDependencies: object;
    };
    const foreign = imports.filter(({ to }) => !to.startsWith('node:') && !/^(src|providers)\//.test(to));
    // The packages of databases and of OpenTelemetry are loaded in one place each, when one is asked for; elsewhere not even their types are known.
    const isOptional = ({ from, to, line }: Import) =>
      ['src/open-store.ts', 'src/open-telemetry.ts'].includes(from) &&
      line.includes(': import type ') &&
      Object.hasOwn(peerDependencies, to);
    const missing = foreign.filter((each) => !Object.hasOwn(dependencies, each.to) && !isOptional(each));
    expect(missing.map(({ line }) => relative('.', line))).toEqual([]);
  });
});
