import { readFileSync } from 'node:fs';

/** What a provider was seen to send, and what has to become of it. */
export interface ProviderFixture {
  readonly default_scopes: readonly string[];
  readonly authorize: {
    readonly url: string;
    /** Such as `state` or `response_type=code`, perhaps with a remark. */
    readonly required_params: readonly string[];
    readonly must_not_send?: readonly string[];
  };
  readonly callbacks: readonly RecordedCallback[];
  readonly discovery: readonly Exchange[];
  readonly token_success: readonly Exchange[];
  readonly token_error: readonly Exchange[];
  readonly refresh_success?: readonly Exchange[];
  readonly refresh_error?: readonly Exchange[];
  readonly revocation?: readonly Exchange[];
  readonly userinfo: readonly Exchange[];
  readonly userinfo_error: readonly Exchange[];
  readonly identities: readonly RecordedIdentity[];
}

export interface RecordedCallback {
  readonly id: string;
  readonly query: string;
  readonly expect: {
    readonly code?: string;
    readonly error?: string;
    readonly raw_error?: string;
    readonly reject?: string;
  };
}

export interface RecordedIdentity {
  readonly name: string;
  /** The exchanges that feed the mapping. */
  readonly inputs: readonly string[];
  readonly expected?: Readonly<Record<string, unknown>>;
  readonly must_reject?: string;
}

export interface Exchange {
  readonly id: string;
  readonly request: {
    readonly method?: string;
    readonly origin: string;
    readonly path: string;
    readonly body?: Readonly<Record<string, string>>;
    readonly must_not_send?: readonly string[];
    readonly auth: { readonly method: string; readonly also_accepted?: readonly string[] };
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly body_text?: string;
  };
  readonly id_token?:
    { readonly header: { readonly alg: string }; readonly claims: Readonly<Record<string, unknown>> } | undefined;
  readonly expect?: {
    readonly oauth_error?: string;
    readonly expires_in?: number | null;
    readonly keep_previous_refresh_token?: boolean;
    readonly rotate_refresh_token?: boolean;
  };
}

/** Reads the recordings of a provider. */
export function readFixture(name: string): ProviderFixture {
  const file = new URL(`../fixtures/providers/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as ProviderFixture;
}

/** Puts values in the place of `$NAME`; `$NOW` and `$NOW+N` become numbers. */
export function filledIn<T>(template: T, values: Readonly<Record<string, string>>, now: number): T {
  const fill = (text: string) => text.replace(/\$[A-Z_0-9]+/g, (name) => values[name.slice(1)] ?? name);
  return JSON.parse(JSON.stringify(template), (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    const instant = /^\$NOW(?:\+(\d+))?$/.exec(value);
    return instant ? now + Number(instant[1] ?? 0) : fill(value);
  }) as T;
}

/** The members of a token answer, whichever way they are written. */
export function membersOf({ response }: Exchange): Readonly<Record<string, unknown>> {
  if (response.body_text === undefined) return response.body as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(response.body_text));
}

/** Where a request was sent to. */
export function addressOf({ request }: Exchange): string {
  return request.origin + request.path;
}

/** The first of some recordings, which have to be there. */
export function firstOf(exchanges: readonly Exchange[]): Exchange {
  const [first] = exchanges;
  if (!first) throw new Error('The fixture lacks a recording that every fixture has.');
  return first;
}
