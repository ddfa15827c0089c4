/** A request as the endpoints see it: no framework, nothing parsed that an endpoint may not want. */
export interface HttpRequest {
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The raw query string, without its question mark. */
  readonly query: string;
  /** Lower-case names. A header that came twice is an array where repetition matters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: HttpBody;
  /** The address of the peer, for logs and limits. */
  readonly ip: string | undefined;
}

/** A body as the adapter found it: unread bytes, what the application's own parser made of them, or nothing. */
export type HttpBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'parsed'; readonly value: unknown };

/** An answer as the adapters write it. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}
