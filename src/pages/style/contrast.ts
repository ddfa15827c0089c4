/** Red, green and blue, each from 0 to 255. */
type Rgb = readonly [number, number, number];

/** The contrast that WCAG 2.2 asks for of text (1.4.3, AA). */
const enough = 4.5;

const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];

/** The contrast of two colours in hex (WCAG 2.2, 1.4.3): from 1 to 21. */
export function contrast(one: string, other: string): number {
  return ratio(read(one), read(other));
}

/** The colour itself, or the nearest shade of it that can be read on all of these. */
export function readableOn(color: string, backgrounds: readonly string[]): string {
  const behind = backgrounds.map(read);
  const isDark = behind.every((each) => luminance(each) < 0.18);
  const start = read(color);
  for (let step = 0; step < 20; step++) {
    const shade = mix(start, isDark ? white : black, step / 20);
    if (behind.every((each) => ratio(shade, each) >= enough)) return write(shade);
  }
  return write(isDark ? white : black);
}

/** Black or white, whichever can be read better on a colour: one of them always can. */
export function inkOn(color: string): string {
  return ratio(read(color), white) >= ratio(read(color), black) ? '#ffffff' : '#000000';
}

/** A colour a little nearer to another one, by `share` from 0 to 1. */
export function toward(color: string, other: string, share: number): string {
  return write(mix(read(color), read(other), share));
}

function ratio(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const [red, green, blue] = from;
  const between = (a: number, b: number) => Math.round(a + (b - a) * share);
  return [between(red, to[0]), between(green, to[1]), between(blue, to[2])];
}

function read(hex: string): Rgb {
  const digits = hex.length === 4 ? hex.slice(1).replace(/./g, '$&$&') : hex.slice(1);
  const value = Number.parseInt(digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function write(color: Rgb): string {
  return `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
