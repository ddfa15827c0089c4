import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, testSecret } from '../support/gatehouse.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = join(root, 'examples/docker/Dockerfile');
const uid = 10001;

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions, by stages. */
const stages = readFileSync(file, 'utf8')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line): Instruction => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return { name, text };
  })
  .reduce<Instruction[][]>((all, each) => {
    if (each.name === 'FROM') all.push([]);
    all.at(-1)?.push(each);
    return all;
  }, []);
const all = stages.flat();
const last = stages.at(-1) ?? [];
const valueOf = (name: string) => last.find((each) => each.name === name)?.text ?? '';

describe('the Dockerfile', () => {
  it('has only instructions that are understood here', () => {
    const known = [
      'FROM',
      'WORKDIR',
      'COPY',
      'RUN',
      'ENV',
      'VOLUME',
      'USER',
      'EXPOSE',
      'STOPSIGNAL',
      'HEALTHCHECK',
      'ENTRYPOINT',
      'CMD',
    ];
    expect(all.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('builds on one release of Node, with the glibc that the binary of libsql needs', () => {
    const bases = all.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0] ?? '');
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:20\.\d+\.\d+-bookworm-slim$/);
    const [major, minor] = (bases[0] ?? '').split(/[:.]/).slice(1).map(Number);
    expect([major === 20, (minor ?? 0) >= 19]).toEqual([true, true]);
  });

  it('runs as nobody in particular, by a number that an engine can check', () => {
    expect(last.filter(({ name }) => name === 'USER').map(({ text }) => text)).toEqual([`${uid}:${uid}`]);
    const afterUser = last.slice(last.findIndex(({ name }) => name === 'USER') + 1).map(({ name }) => name);
    expect(afterUser).not.toContain('RUN');
    expect(afterUser).not.toContain('COPY');
  });

  it('has no secret in a layer, and fetches nothing by itself', () => {
    const settings = all.filter(({ name }) => ['ENV', 'ARG', 'LABEL'].includes(name)).map(({ text }) => text);
    expect(settings.filter((text) => /SECRET|PASSWORD|TOKEN|KEY/i.test(text))).toEqual([]);
    expect(all.filter(({ name, text }) => name === 'ADD' || /\b(curl|wget)\b|https?:\/\/(?!127)/.test(text))).toEqual(
      [],
    );
  });

  it('starts without a shell, so that the server hears SIGTERM', () => {
    for (const name of ['ENTRYPOINT', 'CMD']) expect(JSON.parse(valueOf(name))).toEqual(expect.any(Array));
    expect(JSON.parse(valueOf('ENTRYPOINT'))).toEqual(['node', '/app/dist/src/gatehouse.js']);
    expect(valueOf('STOPSIGNAL')).toBe('SIGTERM');
  });

  it('installs exactly what is locked, before the sources, which change more often', () => {
    const build = (stages[0] ?? []).map(({ name, text }) => `${name} ${text}`);
    const install = build.findIndex((line) => line.startsWith('RUN npm ci '));
    expect(install).toBeGreaterThan(0);
    expect(build.slice(0, install).filter((line) => line.startsWith('COPY'))).toEqual([
      'COPY package.json package-lock.json .npmrc ./',
    ]);
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    // What is tested is what runs.
    for (const name of ['ioredis', 'pg']) expect(build.join('\n')).toContain(`${name}@${devDependencies[name] ?? ''}`);
  });

  it('keeps state in a volume of the user, and nowhere else', () => {
    expect(valueOf('VOLUME')).toBe('/data');
    expect(valueOf('ENV')).toContain('GATEHOUSE_STORE=sqlite:/data/');
    expect(last.filter(({ text }) => text.includes('--chown')).every(({ text }) => text.includes('--chown=0:0'))).toBe(
      true,
    );
  });

  it('asks for its health without a program that is not in the image', async () => {
    const [, command = ''] = /CMD (\[.*)$/.exec(valueOf('HEALTHCHECK')) ?? [];
    const [program, ...parameters] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    let status = 200;
    const paths: unknown[] = [];
    const server = createServer((incoming, response) => (paths.push(incoming.url), response.writeHead(status).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const check = async (port: number) => {
      const [code] = (await once(spawn(process.execPath, parameters, { env: { PORT: String(port) } }), 'close')) as [
        number,
      ];
      return code;
    };
    const { port } = server.address() as AddressInfo;
    expect(await check(port)).toBe(0);
    status = 503;
    expect(await check(port)).toBe(1);
    server.close();
    expect(await check(port)).toBe(1);
    expect(paths).toEqual(['/healthz', '/healthz']);
  });

  if (spawnSync('hadolint', ['--version']).status === 0) {
    it('is well in the eyes of hadolint', () => {
      expect(spawnSync('hadolint', [file], { encoding: 'utf8' }).stdout).toBe('');
    });
  }
});

describe('the image, as far as it can be had without an engine', () => {
  const folder = temporaryFolder();
  const [context, app, data] = ['context', 'app', 'data'].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  const children: ChildProcess[] = [];

  beforeAll(() => {
    chmodSync(folder.path, 0o755);
    const allowed = readFileSync(`${file}.dockerignore`, 'utf8')
      .split('\n')
      .flatMap((line) => /^!(.+)/.exec(line)?.[1] ?? []);
    mkdirSync(context);
    for (const { name, text } of stages[0] ?? []) {
      if (name !== 'COPY') continue;
      const [target = '', ...sources] = text.split(' ').reverse();
      for (const source of sources) {
        expect(allowed).toContain(source);
        cpSync(join(root, source), join(context, target === './' ? source : target), { recursive: true });
      }
    }
    symlinkSync(join(root, 'node_modules'), join(context, 'node_modules'));
    const build = spawnSync('npm', ['run', 'build'], { cwd: context, encoding: 'utf8' });
    expect(build.stderr + build.stdout).not.toContain('error');
    mkdirSync(join(app, 'node_modules'), { recursive: true });
    for (const { name, text } of last) {
      const [, source = ''] = /--from=build \S+ \/app\/(\S+)/.exec(text) ?? [];
      if (name !== 'COPY' || source === 'node_modules') continue;
      cpSync(join(context, source), join(app, source), { recursive: true });
    }
    // What npm prune leaves; copied, since the image's user may not look into the folder of who runs this.
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    for (const [path, { dev = false, devOptional = false }] of Object.entries(lock.packages)) {
      if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev || devOptional || !existsSync(join(root, path)))
        continue;
      cpSync(join(root, path), join(app, path), { recursive: true });
    }
    mkdirSync(data, { mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(data, uid, uid);
    else spawnSync('chmod', ['-R', 'a-w', app]);
  }, 300_000);
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    spawnSync('chmod', ['-R', 'u+w', app]);
    folder.remove();
  });

  /** Starts what the image starts, as its user; on a port of its own. */
  async function start(): Promise<{ child: ChildProcess; port: number; output: () => string }> {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const variables = Object.fromEntries(
      valueOf('ENV')
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    );
    const [, script = ''] = JSON.parse(valueOf('ENTRYPOINT')) as string[];
    const child = spawn(process.execPath, [script.replace('/app', app), ...(JSON.parse(valueOf('CMD')) as string[])], {
      cwd: app,
      ...(process.getuid?.() === 0 && { uid, gid: uid }),
      env: {
        ...variables,
        PORT: String(port),
        GATEHOUSE_STORE: variables['GATEHOUSE_STORE']?.replace('/data', data),
        GATEHOUSE_URL: 'https://auth.example',
        GATEHOUSE_RESOURCES: 'https://mcp.example/mcp',
        GATEHOUSE_SECRET: testSecret,
        OIDC_ISSUER: 'https://id.example',
        OIDC_CLIENT_ID: 'gatehouse',
        OIDC_CLIENT_SECRET: 'of the provider',
      },
    });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => text.includes('serves') && resolve());
      child.on('close', (code) => reject(new Error(`It ended with ${String(code)}: ${text}`)));
    });
    return { child, port, output: () => text };
  }

  it('serves from a folder that it may not write to, keeps state in the volume, and finishes what it has begun', async () => {
    const { child, port, output } = await start();
    const ended = once(child, 'close') as Promise<[number]>;
    const metadata = (await (
      await fetch(`http://127.0.0.1:${port}/.well-known/oauth-authorization-server`)
    ).json()) as object;
    expect(metadata).toMatchObject({ issuer: 'https://auth.example' });
    const slow = request({
      host: '127.0.0.1',
      port,
      path: '/oauth/register',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    const answered = once(slow, 'response') as Promise<[{ statusCode: number; resume: () => void }]>;
    const body = JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' });
    slow.write(body.slice(0, 20));
    await once(slow, 'socket').catch(() => undefined);
    // Answered behind the slow one: that one has arrived by then.
    await fetch(`http://127.0.0.1:${port}/oauth/jwks`);
    child.kill('SIGTERM');
    await isClosed(port);
    slow.end(body.slice(20));
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(201);
    expect((await ended)[0]).toBe(0);
    expect(output()).not.toContain(testSecret);
    expect(readdirSync(data)).toContain('gatehouse.sqlite');
    expect(readdirSync(app).sort()).toEqual(['dist', 'node_modules', 'package.json']);
  });

  it('ends with 1 at a second signal, when it is to end at once', async () => {
    const { child, port } = await start();
    const ended = once(child, 'close') as Promise<[number]>;
    const slow = request({ host: '127.0.0.1', port, path: '/oauth/register', method: 'POST' }).on(
      'error',
      () => undefined,
    );
    slow.write('{');
    await fetch(`http://127.0.0.1:${port}/oauth/jwks`);
    child.kill('SIGTERM');
    await isClosed(port);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(1);
  });
});

/** Waits until a server accepts nothing more. */
async function isClosed(port: number): Promise<void> {
  const answer = () =>
    fetch(`http://127.0.0.1:${port}/oauth/jwks`).then(
      () => 'open',
      () => 'closed',
    );
  await expect.poll(answer).toBe('closed');
}
