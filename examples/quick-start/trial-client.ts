import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';

/** What the SDK asks of an MCP client: where it keeps things, and how it sends a person to the browser. */
export class TrialClient implements OAuthClientProvider {
  readonly redirectUrl: string;
  /** Where the browser has to go, once the SDK has said so. */
  authorizationUrl: URL | undefined;
  readonly #say: (step: string) => void;
  #discovered: OAuthDiscoveryState | undefined;
  #registration: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #codeVerifier = '';
  readonly #state = crypto.randomUUID();

  constructor(redirectUrl: string, say: (step: string) => void) {
    this.redirectUrl = redirectUrl;
    this.#say = say;
  }

  get clientMetadata(): OAuthClientMetadata {
    return {
      client_name: 'mcp-gatehouse trial',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    if (!this.#discovered) this.#say(`discovered the authorization server ${discovered.authorizationServerUrl}`);
    this.#discovered = discovered;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovered;
  }

  state(): string {
    return this.#state;
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#registration;
  }

  saveClientInformation(registration: StoredOAuthClientInformation): void {
    this.#registration = registration;
    this.#say(
      `registered itself, as ${registration.client_id.slice(0, 24)}… (${registration.client_id.length} characters)`,
    );
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#say(`${this.#tokens ? 'refreshed' : 'exchanged the code'}: a token for "${tokens.scope ?? ''}"`);
    this.#tokens = tokens;
  }

  /** Forgets the access token, as if it had expired: the next request makes the SDK refresh. */
  expireAccessToken(): void {
    if (this.#tokens) this.#tokens = { ...this.#tokens, access_token: 'expired' };
  }

  redirectToAuthorization(url: URL): void {
    this.authorizationUrl = url;
    this.#say(`was sent to the authorization endpoint, for "${url.searchParams.get('scope') ?? ''}"`);
  }

  saveCodeVerifier(codeVerifier: string): void {
    this.#codeVerifier = codeVerifier;
  }

  codeVerifier(): string {
    return this.#codeVerifier;
  }
}
