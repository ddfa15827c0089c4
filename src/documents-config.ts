import { z } from 'zod';
import type { DocumentPolicy } from './clients/metadata-documents.js';
import { parseClientIdUrl } from './protocol/client-id-url.js';
import { parseMetadataDocument } from './protocol/client-metadata-document.js';

const domain = z
  .string()
  .refine((text) => /^(?!.*\.$)[a-z0-9._-]+$/.test(text) && URL.canParse(`https://${text}`), {
    error: 'has to be a domain in lower case, such as example.com: no scheme, port, path or wildcard',
    abort: true,
  })
  .refine((text) => new URL(`https://${text}`).hostname === text, { error: 'has to be a domain, not an address' });

const documents = z
  .strictObject(
    {
      enabled: z.boolean().default(true),
      allowedDomains: z
        .array(domain)
        .min(1, { error: 'is empty, so no client would be accepted: set clientIdMetadataDocuments to false instead' })
        .optional(),
      deniedDomains: z.array(domain).default([]),
      allowLoopback: z.boolean().default(false),
      pinned: z.record(z.string(), z.unknown()).default({}),
    },
    { error: 'has to be false, or an object with allowedDomains, deniedDomains, allowLoopback or pinned' },
  )
  .superRefine(({ allowedDomains = [], deniedDomains, allowLoopback, pinned }, context) => {
    const fail = (message: string, path: string[]) => context.addIssue({ code: 'custom', message, path });
    const both = allowedDomains.filter((each) => deniedDomains.includes(each));
    if (both.length > 0) fail(`has ${both.join(', ')}, which allowedDomains has too`, ['deniedDomains']);
    for (const [url, document] of Object.entries(pinned)) {
      const fault = faultOfPinned(url, document, allowLoopback);
      if (fault !== undefined) fail(fault, ['pinned', url]);
    }
  })
  .transform(({ enabled, pinned, ...policy }): DocumentPolicy | undefined =>
    enabled ? { ...policy, pinned: new Map(Object.entries(pinned)) } : undefined,
  );

/** The option `clientIdMetadataDocuments`; undefined when URLs name no clients here. */
export const clientIdMetadataDocuments = z.preprocess(
  (option = {}) => (option === false ? { enabled: false } : option),
  documents,
);

/** What is wrong with the policy as part of a whole configuration. */
export function policyFaults(policy: DocumentPolicy | undefined, issuerIsLoopback: boolean, production: boolean) {
  if (!policy?.allowLoopback) return [];
  // draft-ietf-oauth-client-id-metadata-document-01 §6.5: the exception is for a server on the same computer.
  if (issuerIsLoopback && !production) return [];
  return [
    'clientIdMetadataDocuments.allowLoopback lets strangers make this server ask its own computer: it is for development, with an issuer on loopback, and refused in production.',
  ];
}

function faultOfPinned(url: string, document: unknown, allowLoopback: boolean): string | undefined {
  if (!parseClientIdUrl(url, allowLoopback)) return 'is not the URL of a client: https, a domain and a path';
  try {
    parseMetadataDocument(document, url);
    return undefined;
  } catch (thrown) {
    return `is refused: ${thrown instanceof Error ? thrown.message.replace(/\.$/, '') : 'it cannot be read'}`;
  }
}
