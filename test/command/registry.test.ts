import { afterEach, beforeEach, expect, it } from 'vitest';
import { run as runProgram } from '../../src/command/run.js';
import { postForm, register } from '../support/client.js';
import { commandIo } from '../support/command.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
beforeEach(async () => {
  gatehouse = await startGatehouse();
});
afterEach(() => gatehouse.close());

/** Runs a command on the store of the running server, and answers what it printed. */
async function run(...words: string[]): Promise<{ printed: string[]; warned: string[] }> {
  const printed: string[] = [];
  const warned: string[] = [];
  const io = commandIo({
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
    withOperator: (work) => work(gatehouse.gate.operator),
  });
  await runProgram(io, words, '0', (text) => text);
  return { printed, warned };
}

it('adds a client whose secret is printed once, and opens the token endpoint', async () => {
  const { printed } = await run('clients', 'add', '--id', 'machine', '--name', 'Machine', '--secret');
  const secret = /^secret: (\S+) /m.exec(printed.join('\n'))?.[1] ?? '';
  const token = () =>
    postForm(
      `${gatehouse.issuer}/oauth/token`,
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}` },
    );
  expect((await token()).status).toBe(200);
  const told = await Promise.all([
    run('clients', 'list'),
    run('clients', 'show', 'machine', '--json'),
    run('clients', 'list', '--json'),
  ]);
  expect(JSON.stringify(told)).toContain('machine');
  expect(JSON.stringify(told)).not.toContain(secret);
  const set = JSON.parse(
    (await run('clients', 'set', 'machine', '--name', 'New name', '--json')).printed[0] ?? '',
  ) as object;
  expect(set).toMatchObject({ client: { name: 'New name', secrets: 1 } });
  expect((await run('clients', 'remove', 'machine')).printed).toEqual(['machine is removed.']);
  expect((await token()).status).toBe(401);
});

it('adds an MCP server with a key, changes it, and removes it', async () => {
  const url = 'https://notes.example/mcp';
  const added = await run('resources', 'add', url, '--name', 'Notes', '--scope', 'notes:read=Read notes', '--key');
  expect(added.printed).toEqual(
    expect.arrayContaining([
      `url: ${url}`,
      'scope notes:read: Read notes',
      expect.stringMatching(/^introspection key: \S{43} /),
    ]),
  );
  const shown = JSON.parse((await run('resources', 'show', url, '--json')).printed[0] ?? '') as object;
  expect(shown).toMatchObject({ url, introspection: { keys: 1 } });
  await run('resources', 'set', url, '--access-token-ttl', '60', '--key');
  expect(await gatehouse.gate.operator.resources.find(url)).toMatchObject({
    accessTokenTtl: 60,
    introspection: { keys: 2 },
  });
  expect((await run('resources', 'remove', url)).warned).toEqual([]);
  expect((await run('resources', 'list')).printed.join()).not.toContain(url);
});

it('blocks, shows and unblocks', async () => {
  const { clientId } = await register(gatehouse.issuer);
  await run('clients', 'block', clientId, '--reason', 'Spam');
  await run('clients', 'block', '--host', 'evil.example');
  expect((await run('clients', 'list', '--blocked')).printed).toEqual([
    `client ${clientId}  (Spam)`,
    'host evil.example',
  ]);
  expect((await run('clients', 'show', clientId)).printed).toEqual(
    expect.arrayContaining([expect.stringContaining('registered itself'), 'It is blocked.']),
  );
  await run('clients', 'unblock', clientId);
  expect((await run('clients', 'show', clientId)).printed).toContain('It is not blocked.');
});

it('says every fault', async () => {
  const { printed, warned } = await run('clients', 'add', '--redirect-uri', 'http://x.example/cb');
  expect(printed).toEqual([]);
  expect(warned).toEqual(
    expect.arrayContaining([expect.stringContaining('name is missing'), expect.stringContaining('redirectUris')]),
  );
  expect(new Set(warned).size).toBe(warned.length);
});

it('sends no character to the terminal that could move its cursor or hide text, whoever wrote it', async () => {
  const hostile = 'evil\u001b[2J\u009b31m\u202e\u200b\n';
  const { clientId } = await register(gatehouse.issuer, { client_name: 'Evil\u2800' });
  for (const words of [
    ['clients', 'show', clientId],
    ['clients', 'show', clientId, '--json'],
    ['clients', 'remove', hostile],
    ['resources', 'show', hostile],
    ['resources', 'remove', hostile],
    ['clients', 'block', '--host', hostile],
  ]) {
    const { printed, warned } = await run(...words);
    const lines = [...printed, ...warned];
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});
