import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/gatehouse.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What of ours the SDKs take, in the words of the README. */
const bothLines = `
  import type { AuthInfo as AuthInfo1 } from '@modelcontextprotocol/sdk/server/auth/types.js';
  import * as errors from '@modelcontextprotocol/sdk/server/auth/errors.js';
  import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
  import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
  import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
  import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
  import { requireBearerAuth as requireBearerAuth2 } from '@modelcontextprotocol/express';
  import { createMcpHandler, McpServer, OAuthError, type AuthInfo as AuthInfo2 } from '@modelcontextprotocol/server';
  import express from 'express';
  import { all, createAuthError, protectTools, requireClaim, requireScopes, type AuthInfo, type OAuthAuthorizationServer } from 'mcp-gatehouse';
  declare const gate: OAuthAuthorizationServer;
  declare const auth: AuthInfo;
  export const both: [AuthInfo1, AuthInfo2] = [auth, auth];
  const allow = all(requireScopes('a'), requireClaim('role', 'admin'));
  const tools = protectTools({ open: { securitySchemes: [{ type: 'noauth' }] }, add: { securitySchemes: [{ type: 'oauth2' }], allow } });
  const mcp = createMcpHandler(() => {
    const server = tools.attach(new McpServer({ name: 'test', version: '1' }));
    server.registerTool('add', {}, async ({ http }) => {
      const { accessToken } = await gate.getUpstreamToken(http?.authInfo);
      return allow(http?.authInfo) ? { content: [] } : createAuthError(accessToken, { resourceMetadataUrl: 'https://a.example' });
    });
    return server;
  });
  const web = new WebStandardStreamableHTTPServerTransport();
  gate.withBearerAuth((request, { auth }) => mcp.fetch(request, { authInfo: auth }), { scopes: ['a'] });
  gate.withBearerAuth((request, { auth }) => web.handleRequest(request, { authInfo: auth }));
  gate.withBearerAuth((request, { auth, body }) => mcp.fetch(request, { parsedBody: body, ...(auth && { authInfo: auth }) }), { tools });
  gate.withBearerAuth((request, { auth, body }) => web.handleRequest(request, { parsedBody: body, ...(auth && { authInfo: auth }) }), { tools });
  const app = express();
  app.all('/mcp', gate.requireBearerAuth({ tools }), (req, res) => new StreamableHTTPServerTransport({}).handleRequest(req, res, req.body));
  app.use(requireBearerAuth({ verifier: gate.createTokenVerifier({ errors }) }));
  app.use(requireBearerAuth2({ verifier: gate.createTokenVerifier({ errors: { OAuthError } }) }));
  app.use(mcpAuthRouter({ provider: gate.createServerProvider({ errors }), issuerUrl: new URL('https://a.example') }));
`;

/** What users install: packed, unpacked elsewhere, and used from there. */
describe('the package', () => {
  const folder = temporaryFolder();
  const installed = join(folder.path, 'node_modules', 'mcp-gatehouse');
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
  const run = (command: string, ...parameters: string[]) => {
    try {
      return execFileSync(command, parameters, { cwd: folder.path, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} failed:\n${stdout}\n${stderr}`, { cause: error });
    }
  };

  beforeAll(() => {
    execFileSync('npm', ['pack', '--pack-destination', folder.path], { cwd: root, stdio: 'pipe' });
    mkdirSync(installed, { recursive: true });
    const [tarball = ''] = readdirSync(folder.path).filter((name) => name.endsWith('.tgz'));
    execFileSync('tar', ['-xzf', join(folder.path, tarball), '-C', installed, '--strip-components=1']);
    // What it depends on, and what its user has, as npm would put them beside it.
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(folder.path, 'node_modules', name));
    }
    write('package.json', '{ "type": "module" }');
  }, 120_000);
  afterAll(() => folder.remove());

  it('holds what is used, and nothing else', () => {
    expect(readdirSync(installed).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.test\.|\.map$/.test(name) || /(?<!\.d)\.ts$/.test(name))).toEqual([]);
  });

  it('type-checks the first sample of the README, and what is handed to either SDK line, as strictly as TypeScript can', () => {
    const [sample = ''] = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, code = '']) => code,
    );
    expect(sample).toContain('new OAuthAuthorizationServer');
    write('sample.ts', sample);
    write('both-lines.ts', bothLines);
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          module: 'nodenext',
          target: 'es2023',
          types: ['node'],
          noEmit: true,
          skipLibCheck: true,
        },
        files: ['sample.ts', 'both-lines.ts'],
      }),
    );
    run(process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder.path);
  }, 60_000);

  it('answers from where it was installed', () => {
    write(
      'start.js',
      `import { createServer } from 'node:http';
       import { memoryStore, OAuthAuthorizationServer } from 'mcp-gatehouse';
       import { oidcProvider } from 'mcp-gatehouse/providers';
       const gate = new OAuthAuthorizationServer({
         issuer: 'http://localhost:3000',
         secret: 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG',
         store: memoryStore(),
         providers: [oidcProvider({ issuer: 'http://localhost:4000', clientId: 'id', clientSecret: 'for a test' })],
       });
       const server = createServer(gate.createRouter()).listen(0, '127.0.0.1', async () => {
         const base = 'http://127.0.0.1:' + server.address().port;
         const metadata = await (await fetch(base + '/.well-known/oauth-authorization-server')).json();
         const { keys } = await (await fetch(base + '/oauth/jwks')).json();
         console.log(metadata.issuer, keys.length);
         server.close();
       });`,
    );
    expect(run(process.execPath, 'start.js').trim()).toBe('http://localhost:3000 1');
  });

  it('guards an MCP server elsewhere, where no module of Node can be had', () => {
    write(
      'edge.js',
      `import { register } from 'node:module';
       const hooks = \`export async function resolve(name, context, next) {
         const found = await next(name, context);
         if (found.url.startsWith('node:') || found.url.endsWith('.node')) throw new Error('There is no ' + name);
         return found;
       }\`;
       register('data:text/javascript,' + encodeURIComponent(hooks));
       const print = console.log;
       delete globalThis.process;
       const { createResourceServer } = await import('mcp-gatehouse/resource');
       const issuer = 'https://auth.example.com';
       const resource = 'https://notes.example.com/mcp';
       const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
       const jwk = { ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), kid: 'key' };
       const documents = {
         '/.well-known/oauth-authorization-server': { issuer, jwks_uri: issuer + '/jwks' },
         '/jwks': { keys: [jwk] },
       };
       const server = createResourceServer({
         issuer,
         resource,
         fetch: async (url) => Response.json(documents[new URL(url).pathname]),
       });
       const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=/g, '');
       const encode = (value) => base64url(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
       const claims = { iss: issuer, aud: resource, sub: 'alice', client_id: 'client', exp: Date.now() / 1000 + 60 };
       const input = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'key' }) + '.' + encode(claims);
       const hash = { name: 'ECDSA', hash: 'SHA-256' };
       const signature = await crypto.subtle.sign(hash, pair.privateKey, new TextEncoder().encode(input));
       const token = input + '.' + base64url(new Uint8Array(signature));
       const guarded = server.withBearerAuth((request, { auth }) => new Response(auth.extra.sub));
       const call = async (headers) => (await guarded(new Request(resource, { headers })));
       const metadata = await server.fetch(new Request('https://notes.example.com/.well-known/oauth-protected-resource'));
       print(await (await call({ authorization: 'Bearer ' + token })).text(), (await call({})).status, metadata.status);`,
    );
    expect(run(process.execPath, 'edge.js').trim()).toBe('alice 401 200');
  });

  it.each([
    ['ioredis', 'redis://:canary@localhost'],
    ['pg', 'postgres://me:canary@localhost/gatehouse'],
  ])('starts without %s, and says that it is missing when it is asked for', (name, store) => {
    unlinkSync(join(folder.path, 'node_modules', name));
    write(
      'missing.js',
      `import { OAuthAuthorizationServer } from 'mcp-gatehouse';
       import { oidcProvider } from 'mcp-gatehouse/providers';
       try {
         new OAuthAuthorizationServer({
           issuer: 'http://localhost:3000',
           secret: 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG',
           store: '${store}',
           providers: [oidcProvider({ issuer: 'http://localhost:4000', clientId: 'id', clientSecret: 'for a test' })],
         });
       } catch ({ name, message }) {
         console.log(name, message);
       }`,
    );
    const said = run(process.execPath, 'missing.js');
    expect(said).toMatch(
      new RegExp(`^ConfigurationError .*a package that is not installed: npm install ${name}$`, 'ms'),
    );
    expect(said).not.toContain('canary');
  });

  it('proves a store with the exported contract, in another test runner', () => {
    write(
      'contract.test.js',
      `import test from 'node:test';
       import { memoryStore } from 'mcp-gatehouse';
       import { storeContract } from 'mcp-gatehouse/store-contract';
       for (const { name, run } of storeContract({ open: (clock) => memoryStore({ clock }), isolated: true })) test(name, run);`,
    );
    const report = run(process.execPath, '--test', '--test-reporter=tap', 'contract.test.js');
    expect(report).toMatch(/^# pass [1-9]\d+$/m);
    expect(report).toMatch(/^# fail 0$/m);
  });
});
