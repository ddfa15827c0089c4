import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** Everything that is loaded with a file; types are not. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith(root)) return seen;
  const found = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm);
  for (const [, specifier = ''] of found) {
    const isOurs = specifier.startsWith('.');
    loadedWith(isOurs ? join(dirname(file), specifier).replace(/\.js$/, '.ts') : specifier, seen);
  }
  return seen;
}

describe('what MCP servers use by itself', () => {
  it.each(['auth-error-result', 'extract-bearer-token', 'create-resource-metadata', 'predicates', 'token-verifier'])(
    'runs on edge runtimes too: %s',
    (name) => {
      const loaded = [...loadedWith(join(root, 'resource', `${name}.ts`))];
      expect(loaded.filter((file) => !file.startsWith(root)).map((file) => relative(root, file))).toEqual([]);
      expect(loaded.length).toBeGreaterThan(1);
    },
  );
});
