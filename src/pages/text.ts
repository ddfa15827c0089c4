/** Printable ASCII with single spaces inside, as nearly everything is. */
const isPlain = /^[!-~]+(?: [!-~]+)*$/;

/**
 * Makes a stranger's text fit to be read: visible characters only, single spaces, at most `limit` code points.
 *
 * Zero-width, bidi and other invisible characters serve to imitate a name that is already known, or to reorder a page.
 */
export function readable(text: string, limit: number): string {
  if (text.length <= limit && isPlain.test(text)) return text;
  const points = Array.from(visible(text));
  if (points.length <= limit) return points.join('');
  return `${points
    .slice(0, limit - 1)
    .join('')
    .trimEnd()}…`;
}

/** Makes a host fit to be read; a host that is too long loses its beginning, since its end tells whose it is. */
export function readableHost(host: string, limit = 253): string {
  if (host.length <= limit && isPlain.test(host)) return host;
  const points = Array.from(visible(host));
  return points.length <= limit ? points.join('') : `…${points.slice(1 - limit).join('')}`;
}

function visible(text: string): string {
  return (
    text
      .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu, '')
      // U+2800 is an empty Braille cell: it counts as a symbol, and looks like a space.
      .replace(/[\s\p{Z}\p{Cc}\u2800]+/gu, ' ')
      .trim()
  );
}

const latin = /\p{Script=Latin}/u;
const lookAlikes =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;

/** Tells whether one word of a name mixes Latin letters with those of an alphabet whose letters look like them. */
export function mixesAlphabets(name: string): boolean {
  if (isPlain.test(name)) return false;
  return name.split(/[\s\p{P}]+/u).some((word) => latin.test(word) && lookAlikes.test(word));
}
