import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** A table; all columns but the first are figures, which stand to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** A number as it is read: with commas, and no more than so many digits behind the point. */
export function count(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** To two significant digits: what is worked out from a measurement is not more exact. */
export function about(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US');
}

/** Bytes in MB. */
export const megabytes = (bytes: number) => count(bytes / 1024 / 1024, 1);

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

/**
 * Puts each part between its markers in a file: `<!-- measured: NAME -->` and `<!-- end -->`.
 *
 * @throws {Error} when a marker is missing
 */
export async function writeParts(file: URL, parts: ReadonlyMap<string, string>): Promise<void> {
  let text = readFileSync(file, 'utf8');
  for (const [name, part] of parts) {
    const begin = `<!-- measured: ${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf('<!-- end -->', from);
    if (from < 0 || to < 0) throw new Error(`There is no place for "${name}" in ${file.pathname}.`);
    text = `${text.slice(0, from + begin.length)}\n\n${part.trim()}\n\n${text.slice(to)}`;
  }
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
