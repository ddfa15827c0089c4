import { expect, vi } from 'vitest';

interface Registration {
  client_id: string;
}
interface Tokens {
  access_token: string;
  refresh_token?: string | undefined;
  scope?: string | undefined;
}

/** What an MCP client keeps, as both SDK lines ask for it; the types of the lines come in as parameters. */
export class ClientMemory<R extends Registration, T extends Tokens, D> {
  readonly redirectUrl = 'http://127.0.0.1:8911/callback';
  /** Where the user was sent, each time. */
  readonly redirects: URL[] = [];
  /** What the SDK threw away. */
  readonly invalidated: string[] = [];
  registration: R | undefined;
  kept: T | undefined;
  discovered: D | undefined;
  #codeVerifier = '';
  #underWay = 0;

  /** The SDK's `fetch`, which knows whether something is under way. */
  readonly fetch: typeof fetch = async (...request) => {
    this.#underWay += 1;
    try {
      return await fetch(...request);
    } finally {
      this.#underWay -= 1;
    }
  };

  /** Waits for what the SDK does by itself, such as asking for a stream once it is connected. */
  idle() {
    return vi.waitFor(() => expect(this.#underWay).toBe(0));
  }

  get clientMetadata() {
    return {
      client_name: 'SDK client',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }
  state() {
    return 'state-of-the-sdk-client';
  }
  clientInformation() {
    return this.registration;
  }
  saveClientInformation(registration: R) {
    this.registration = registration;
  }
  tokens() {
    return this.kept;
  }
  saveTokens(tokens: T) {
    this.kept = tokens;
  }
  discoveryState() {
    return this.discovered;
  }
  saveDiscoveryState(discovered: D) {
    this.discovered = discovered;
  }
  redirectToAuthorization(url: URL) {
    this.redirects.push(url);
  }
  saveCodeVerifier(codeVerifier: string) {
    this.#codeVerifier = codeVerifier;
  }
  codeVerifier() {
    return this.#codeVerifier;
  }
  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery') {
    this.invalidated.push(scope);
    if (scope === 'all' || scope === 'client') this.registration = undefined;
    if (scope === 'all' || scope === 'tokens') this.kept = undefined;
    if (scope === 'all' || scope === 'discovery') this.discovered = undefined;
  }
}

/** A client of one SDK line. */
export interface SdkClient {
  readonly memory: ClientMemory<Registration, Tokens, unknown>;
  /** Connects anew; answers false when the user has to sign in first. */
  connect(): Promise<boolean>;
  /** Hands in what the browser came back with. */
  finish(returned: URL): Promise<void>;
  /** Calls a tool; answers what it said, or undefined when the user has to sign in first. */
  call(tool: string): Promise<unknown>;
  close(): Promise<void>;
}
