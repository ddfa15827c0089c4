import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run as runProgram } from '../../src/command/run.js';
import { temporaryFolder, testSecret } from '../support/gatehouse.js';
import { postForm } from '../support/client.js';
import { commandIo, runCommand, startCommand } from '../support/command.js';

const folder = temporaryFolder();
const place = {
  GATEHOUSE_URL: 'https://auth.example',
  GATEHOUSE_SECRET: testSecret,
  GATEHOUSE_STORE: `sqlite:${folder.path}/gatehouse.sqlite`,
};
const run = (parameters: readonly string[], env: Record<string, string> = place, cwd?: string) =>
  runCommand(parameters, { env, ...(cwd !== undefined && { cwd }) });

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

beforeAll(async () => {
  expect(await run(['store', 'migrate'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('was made') as string,
  });
});
afterAll(() => folder.remove());

describe('the gatehouse command', () => {
  it('makes secrets that are taken, each another one', async () => {
    const [one, two] = await Promise.all([run(['secret', 'new'], {}), run(['secret', 'new'], {})]);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(Buffer.from(one.stdout, 'base64')).toHaveLength(32);
    expect(one.stdout).not.toBe(two.stdout);
  });

  it.each([
    { parameters: [] },
    { parameters: ['nothing'] },
    { parameters: ['grants', 'list', '--nonsense'] },
    { parameters: ['grants', 'list'] },
    { parameters: ['grants', 'revoke'] },
    { parameters: ['grants', 'revoke', '--user', ''] },
    { parameters: ['grants', 'revoke', '--all', '--client', 'x'] },
    { parameters: ['grants', 'list', '--issuer', 'https://id.example'] },
    { parameters: ['keys', 'rotate', 'surplus'] },
  ])('ends with 2 for $parameters, which it cannot understand', async ({ parameters }) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await runProgram(commandIo({}), parameters, '1.0.0', (text) => text)).toBe(2);
    written.mockRestore();
  });

  it('ends with 2 as a process too, and with 0 when it is asked for help', async () => {
    const [usage, help] = await Promise.all([run(['nothing'], {}), run(['help', 'grants'], {})]);
    expect(usage).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('unknown command') as string });
    expect(help).toMatchObject({ code: 0, stderr: '' });
  });

  it('serves without configured MCP servers, for those that are added at run time, and gives no token that opens one unasked', async () => {
    const port = String(await freePort());
    const issuer = `http://127.0.0.1:${port}`;
    const notes = 'https://notes.example/mcp';
    const provider = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: 'of the provider' };
    const env = { ...place, ...provider, GATEHOUSE_URL: issuer, PORT: port };
    const server = startCommand(['serve'], { env });
    try {
      await server.printed('GATEHOUSE_RESOURCES is not set');
      expect((await run(['resources', 'add', notes], env)).code).toBe(0);
      const added = await run(['clients', 'add', '--id', 'machine', '--name', 'M', '--secret', '--json'], env);
      const { secret } = JSON.parse(added.stdout) as { secret: string };
      const authorization = `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}`;
      const audienceOf = async (resource: object) => {
        const form = { grant_type: 'client_credentials', ...resource };
        const { body } = await postForm(`${issuer}/oauth/token`, form, { authorization });
        return typeof body['access_token'] === 'string' ? decodeJwt(body['access_token']).aud : body['error'];
      };
      // The server learns within seconds what another process has added.
      await expect.poll(() => audienceOf({ resource: notes }), { timeout: 15_000 }).toBe(notes);
      expect(await audienceOf({})).toBe(`${issuer}/mcp`);
      expect((await fetch(`${issuer}/mcp`)).status).toBe(404);
    } finally {
      server.child.kill('SIGTERM');
    }
    expect((await server.ended).code).toBe(0);
  });

  it('goes on serving when whoever read its lines is gone', async () => {
    const port = String(await freePort());
    const issuer = `http://127.0.0.1:${port}`;
    const provider = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: 'of the provider' };
    const admin = { GATEHOUSE_ADMIN_TOKEN: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU' };
    const server = startCommand(['serve'], {
      env: { ...place, ...provider, ...admin, GATEHOUSE_URL: issuer, PORT: port },
    });
    await server.printed('serves');
    server.child.stderr?.destroy();
    // Each is told of in a line.
    for (let count = 0; count < 3; count++) {
      expect((await fetch(`${issuer}/oauth/admin/clients`)).status).toBe(401);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  it('names everything that is missing at once', async () => {
    const { code, stderr } = await run(['keys', 'list'], {});
    expect(code).toBe(1);
    for (const name of ['GATEHOUSE_URL', 'GATEHOUSE_SECRET', 'GATEHOUSE_STORE']) expect(stderr).toContain(name);
  });

  it('does nothing to a store that is not the one of the server', async () => {
    const missing = { ...place, GATEHOUSE_STORE: `sqlite:${folder.path}/typo.sqlite` };
    const elsewhere = { ...place, GATEHOUSE_URL: 'https://typo.example' };
    const outcomes = await Promise.all([
      run(['keys', 'rotate'], missing),
      run(['grants', 'revoke', '--user', 'x', '--yes'], elsewhere),
    ]);
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('as for the server');
    }
  });

  it.each([
    ['redis://user:canary-password@127.0.0.1:1/0', 'Redis'],
    ['postgres://user:canary-password@127.0.0.1:1/db', 'PostgreSQL'],
  ])('says in words, and without its password, that %s is away', async (GATEHOUSE_STORE, name) => {
    const { code, stdout, stderr } = await run(['keys', 'list'], { ...place, GATEHOUSE_STORE });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`The ${name} server`);
    expect(stderr).not.toMatch(/canary|\n\s+at /);
    expect(stderr).not.toContain(testSecret);
  });

  it('reads .env of the folder that it is called in, another file with --env-file, and the environment before both', async () => {
    const text = Object.entries(place)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
    writeFileSync(join(folder.path, '.env'), text.replace('auth.example', 'of-dot-env.example'));
    writeFileSync(join(folder.path, 'other.env'), text.replace('auth.example', 'of-other-file.example'));
    const heard = async (parameters: string[], env = {}) =>
      (await run(['keys', 'list', ...parameters], env, folder.path)).stderr;
    expect(await heard([])).toContain('nothing of https://of-dot-env.example');
    expect(await heard(['--env-file', 'other.env'])).toContain('nothing of https://of-other-file.example');
    expect(await heard([], { GATEHOUSE_URL: 'https://of-environment.example' })).toContain(
      'https://of-environment.example',
    );
  });

  it('takes options from a module, whatever its export, and says what is wrong with one', async () => {
    const write = (name: string, code: string) => writeFileSync(join(folder.path, name), code);
    write('default.mjs', "export default { issuer: 'https://of-default.example' };");
    write('named.mjs', "export const options = async () => ({ issuer: 'https://of-named.example' });");
    write('empty.mjs', 'export const nothing = 1;');
    write('broken.mjs', 'throw new Error(`It breaks with ${process.env.GATEHOUSE_SECRET}`);');
    write('unknown.mjs', "export default { isuer: 'https://x.example' };");
    const heard = async (config: string) =>
      (await run(['keys', 'list', '--config', config], place, folder.path)).stderr;
    expect(await heard('default.mjs')).toContain('https://of-default.example');
    expect(await heard('named.mjs')).toContain('https://of-named.example');
    expect(await heard('empty.mjs')).toContain('exports no options');
    expect(await heard('broken.mjs')).toBe('gatehouse: It breaks with …\n');
    expect(await heard('unknown.mjs')).toContain('isuer is not an option');
  }, 90_000);
});
