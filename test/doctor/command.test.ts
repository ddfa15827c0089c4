import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createReport, summary } from '../../src/doctor/report.js';
import { startQuickStart, type QuickStart } from '../../examples/quick-start/server.js';
import { testSecret } from '../support/gatehouse.js';
import { htmlPage } from './broken-proxy.js';
import { startDeployment, type ProxiedDeployment } from './deployment.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs the command as its user does; `react` may end it once it has printed something. */
function run(parameters: readonly string[], react: (out: string, interrupt: () => void) => void = () => undefined) {
  return new Promise<Ended>((resolve) => {
    const script = ['--conditions=mcp-gatehouse-source', join(root, 'src/gatehouse.ts'), 'doctor', ...parameters];
    const child = spawn(process.execPath, ['--import', 'tsx', ...script], { cwd: root, stdio: 'pipe' });
    let [out, error] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      react(out, () => child.kill('SIGINT'));
    });
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, error }));
  });
}

describe('gatehouse doctor', () => {
  let deployment: ProxiedDeployment;
  beforeAll(async () => {
    deployment = await startDeployment({ protocol: 'http' });
  });
  afterAll(() => deployment.close());
  afterEach(() => deployment.proxy.break());

  it('ends with 0 where there are warnings at most, and says so', async () => {
    const { code, out, error } = await run([deployment.mcpUrl]);
    expect([code, error]).toEqual([0, '']);
    expect(out).toContain('  The MCP server\n    ✓ Without a token, the MCP server asks for one\n');
    expect(out).toMatch(/! It is reached by https.*\n {8}seen {2}Plain http/);
    expect(out).toMatch(/ {2}0 faults, 1 warning, \d+ checks well\.\n/);
    // Not on a terminal: no colours.
    expect(out).not.toContain('\u001b');
  });

  it('ends with 1 where there is a fault, and prints it for programs', async () => {
    deployment.proxy.break({ answer: ({ headers }) => void Reflect.deleteProperty(headers, 'www-authenticate') });
    const { code, out } = await run([deployment.mcpUrl, '--json', '--timeout', '5']);
    expect(code).toBe(1);
    const report = JSON.parse(out) as { faults: number; warnings: number; checks: Record<string, unknown>[] };
    expect(report).toMatchObject({ url: deployment.mcpUrl, mcpUrl: deployment.mcpUrl, issuer: deployment.issuer });
    expect([report.faults, report.warnings]).toEqual([1, 1]);
    expect(report.checks.find(({ name }) => name === 'challenge')).toEqual({
      group: 'The MCP server',
      name: 'challenge',
      title: 'Without a token, the MCP server asks for one',
      level: 'fault',
      seen: [expect.stringContaining('POST /mcp answered 401 without'), expect.stringContaining('GET /mcp')],
      matters: expect.stringContaining('Every client begins') as string,
      remedy: expect.stringContaining('proxy_hide_header WWW-Authenticate') as string,
    });
  });

  it.each([
    [['not a url'], /has to begin with https:\/\//],
    [[], /missing required argument 'url'/],
    [['https://user:secret@example.com/mcp'], /must not have a password/],
    [['https://example.com/mcp', '--timeout', 'soon'], /has to be a number of seconds/],
  ])('ends with 2 where it could not run: %s', async (parameters, words) => {
    const { code, error } = await run(parameters);
    expect(code).toBe(2);
    expect(error).toMatch(words);
  });

  it('ends on Ctrl-C at once, also while a person is waited for', async () => {
    const { code, out, error } = await run([deployment.mcpUrl, '--browser', '--no-open'], (printed, interrupt) => {
      if (printed.includes('Sign in here')) interrupt();
    });
    expect([code, error]).toEqual([130, 'Interrupted.\n']);
    expect(out).toMatch(/Sign in here, within 5 minutes:\n {2}http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?/);
  });

  it('ends on Ctrl-C while the server is silent', async () => {
    deployment.proxy.break({ request: () => 'hang' });
    const { code } = await run([deployment.mcpUrl], (printed, interrupt) => {
      if (printed.includes('/mcp')) interrupt();
    });
    expect(code).toBe(130);
  });

  it('does not carry on where a page of somebody else answers everything', async () => {
    deployment.proxy.break({ request: () => htmlPage(200, 'My app') });
    const { code, out } = await run([deployment.mcpUrl]);
    expect(code).toBe(1);
    expect(out).toContain('an HTML page (“My app”)');
  });
});

describe('gatehouse doctor before the quick start', () => {
  let quickStart: QuickStart;
  const port = 39_000 + (process.pid % 1000);
  beforeAll(async () => {
    const url = `http://127.0.0.1:${port}`;
    quickStart = await startQuickStart({ url, port, secret: [testSecret], store: 'memory:', state: '', providers: [] });
  });
  afterAll(() => quickStart.close());

  it('finds all well, but for plain http', async () => {
    const { code, out } = await run([quickStart.mcpUrl, '--json']);
    const report = JSON.parse(out) as { checks: { name: string; level: string }[] };
    const bad = report.checks.filter(({ level }) => level === 'fault' || level === 'warning');
    expect([code, ...bad.map(({ name, level }) => [name, level])]).toEqual([0, ['https', 'warning']]);
  });
});

describe('the words of a report', () => {
  const finding = {
    group: 'Discovery',
    name: 'issuer',
    title: 'The authorization server has one name',
    level: 'fault',
    seen: ['issuer is a.', 'It should be b.'],
    matters: 'Clients compare it, to the letter.',
    remedy: 'Set it:\nGATEHOUSE_URL=https://b.example',
  } as const;
  const written = (colours: boolean, width = 50) => {
    const lines: string[] = [];
    const report = createReport((line) => lines.push(line), { colours, width });
    report(finding);
    report({ group: 'Discovery', name: 'x', title: 'All else', level: 'well', seen: ['2 keys'] });
    return [...lines, ...summary([finding], { colours, width })].join('\n');
  };

  it('say what was seen, why it matters and how to mend it, folded to the terminal', () => {
    expect(written(false)).toBe(`
  Discovery
    ✗ The authorization server has one name
        seen  issuer is a.
        seen  It should be b.
        why   Clients compare it, to the letter.
        mend  Set it:
              GATEHOUSE_URL=https://b.example
    ✓ All else (2 keys)

  1 fault, 0 warnings, 0 checks well.
`);
    for (const line of written(false, 44).split('\n')) expect(line.length).toBeLessThanOrEqual(46);
  });

  it('have colours on a terminal only, and the same words', () => {
    const coloured = written(true);
    expect(coloured).toContain('\u001b[31m✗\u001b[0m');
    expect(stripVTControlCharacters(coloured)).toBe(written(false));
  });
});
