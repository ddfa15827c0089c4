import type { RequestListener } from 'node:http';
import type { OAuthAuthorizationServerOptions } from 'mcp-gatehouse';

/** What differs from one installation to the next: the rest stands in each example. */
export type ExampleOptions = Omit<OAuthAuthorizationServerOptions, 'resources' | 'resource' | 'tokenMapper'>;

/** An MCP server with its gate, to be put behind `http.createServer`. */
export interface Example {
  readonly handler: RequestListener;
  close(): Promise<void>;
}
