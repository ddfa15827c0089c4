import { z } from 'zod';
import type { Brand } from './pages/brand.js';
import type { CustomPages } from './pages/pages.js';
import { wordFaults } from './pages/words/catalogues.js';
import { isProtectedWebUri } from './protocol/redirect-uri.js';

const maxLogoBytes = 16 * 1024;

/** Formats in which a browser runs nothing, when they are shown as an image. */
const logoUri =
  /^data:image\/(?:svg\+xml|png|jpeg|webp)(?:;charset=utf-8|;utf8)?(?:;base64)?,[\w%+/=.,:;~()!*'@$&?-]+$/;

const link = z.string().refine((text) => isProtectedWebUri(text) || /^mailto:[\w.+-]+@[\w.-]+$/.test(text), {
  error: 'has to be an https URL, or mailto: and an address',
});

/** The option `brand`. */
export const brand = z
  .strictObject({
    name: z.string().trim().min(1).max(60, { error: 'may have at most 60 characters' }).optional(),
    logo: z
      .string()
      .max(maxLogoBytes, { error: `may have at most ${maxLogoBytes} characters: it is in every page` })
      .regex(logoUri, {
        error:
          'has to be a data: URI of an SVG, PNG, JPEG or WebP picture, with what is special in it as %XX, or in base64',
      })
      .optional(),
    colors: z
      .strictObject({
        accent: z
          .string()
          .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i, { error: 'has to be a colour in hex, such as #0a7d4f' })
          .optional(),
      })
      .optional(),
    links: z.strictObject({ privacy: link.optional(), terms: link.optional(), support: link.optional() }).optional(),
  })
  .optional()
  .transform((given): Brand => given ?? {});

/** The option `words`. */
export const words = z
  .record(z.string(), z.record(z.string(), z.string().min(1).max(500)), {
    error: 'has to be an object of languages, each with sentences by their keys',
  })
  .superRefine((value, context) => {
    for (const { path, message } of wordFaults(value)) context.addIssue({ code: 'custom', path: [...path], message });
  })
  .default({});

const page = z.custom<NonNullable<CustomPages['refused']>>((value) => typeof value === 'function', {
  error: 'has to be a function that makes HTML',
});

/** The option `pages`. */
export const pages = z
  .strictObject({
    refused: page.optional(),
    notice: page.optional(),
    handOff: page.optional(),
    account: page.optional(),
  })
  .default({})
  .transform((given) => given as CustomPages);
