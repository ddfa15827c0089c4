/** What could move the cursor, hide text or turn its direction: names of clients are strangers' words. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes a text safe to show in a terminal, on one line. */
export function printable(text: string): string {
  return text.replace(unprintable, '·');
}

/** Writes a value as one line of JSON that is safe to show in a terminal. */
export function jsonLine(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/** The same in several lines, for people. */
export function jsonLines(value: unknown): string[] {
  return JSON.stringify(value, undefined, 2).split('\n').map(escaped);
}

function escaped(json: string): string {
  const escape = (text: string) =>
    text.replace(/[\uD800-\uDFFF]|./gsu, (character) =>
      Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
        .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
        .join(''),
    );
  return json.replace(unprintable, escape);
}

/** An instant as people and programs read it. */
export function instant(at: number): string {
  return `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
}
