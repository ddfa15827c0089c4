/** A client or a resource that an operator added while the server ran. */
export interface RegistryEntry {
  /** The id of the client, or the canonical URL of the resource. */
  readonly name: string;
  /** Epoch seconds. */
  readonly addedAt: number;
  readonly changedAt: number;
  /** Another one after each change. */
  readonly version: string;
  /** What the option of the configuration would say; of secrets and keys only hashes. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What an operator does not want here: one client, or all that have to do with a host and its subdomains. */
export type Block = ({ readonly clientId: string } | { readonly host: string }) & {
  /** Epoch seconds. */
  readonly addedAt: number;
  /** For other operators; never shown to users. */
  readonly reason?: string;
};

/** All that operators have said at run time. */
export interface RegistryDocument {
  readonly clients: readonly RegistryEntry[];
  readonly resources: readonly RegistryEntry[];
  readonly blocks: readonly Block[];
}

/** How many clients, resources and blocks there may be, of each. */
export const maxEntries = 1000;

/** How long the whole may be as text: every instance holds it, and reads it every few seconds. */
export const maxDocumentLength = 1024 * 1024;

/** What is there before anybody has said anything. */
export const emptyDocument: RegistryDocument = { clients: [], resources: [], blocks: [] };

const format = 1;

/** Writes a document for its record. */
export function serializeDocument(document: RegistryDocument): string {
  return JSON.stringify({ format, ...document });
}

/** Reads a document from its record; undefined for one of a later version of this package. */
export function parseDocument(text: string): RegistryDocument | undefined {
  const { format: found, ...document } = JSON.parse(text) as RegistryDocument & { readonly format: unknown };
  return found === format ? document : undefined;
}
