import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const [begin, end] = ['<!-- benchmark -->', '<!-- /benchmark -->'];

/**
 * Puts the tables between the markers of the README.
 *
 * @throws {Error} when it has no such markers
 */
export async function writeToReadme(tables: string): Promise<void> {
  const file = fileURLToPath(new URL('../../README.md', import.meta.url));
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`The README has no ${begin} before a ${end}.`);
  const written = `${text.slice(0, from)}${begin}\n\n${tables}\n\n${text.slice(to)}`;
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
