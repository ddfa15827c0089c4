/** Writes a duration as people say it: `30 seconds`, `2 minutes`. Rounded up, so that nobody comes too early. */
export function inWords(seconds: number, language: string): string {
  const [unit, length] = seconds < 90 ? (['second', 1] as const) : (['minute', 60] as const);
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.max(1, Math.ceil(seconds / length)),
  );
}
