import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Service {
  readonly image?: string;
  readonly profiles: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: object;
  readonly ports?: readonly string[];
  readonly [setting: string]: unknown;
}

const path = fileURLToPath(new URL('../../examples/docker/compose.yaml', import.meta.url));
const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
const { services, secrets, volumes } = JSON.parse(
  execFileSync('/usr/bin/python3', ['-c', script, path], { encoding: 'utf8' }),
) as { services: Record<string, Service>; secrets: object; volumes: object };
const gatehouses = Object.entries(services).filter(([name]) => name.startsWith('gatehouse'));

describe('the compose file', () => {
  it('has one gatehouse for each kind of store, each with what it needs', () => {
    expect(gatehouses.map(([, { profiles }]) => profiles)).toEqual([['sqlite'], ['redis'], ['postgres']]);
    for (const [, { profiles, depends_on = {} }] of gatehouses) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy');
        expect(services[needed]).toMatchObject({ profiles, healthcheck: expect.any(Object) as object });
      }
    }
  });

  it('lets a gatehouse write nothing but its volume, and gain no rights', () => {
    for (const [, service] of gatehouses) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        tmpfs: ['/tmp'],
      });
      expect(service.ports?.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    }
  });

  it('hands secrets over as files, and holds none', () => {
    for (const [name, { environment = {}, secrets: used = [] }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/SECRET|PASSWORD/.test(variable))
          expect([name, variable, value]).toEqual([
            name,
            expect.stringMatching(/_FILE$/),
            expect.stringMatching(/^\/run\/secrets\//),
          ]);
        if (value.startsWith('/run/secrets/')) expect(used).toContain(value.slice('/run/secrets/'.length));
      }
      for (const secret of used) expect(secrets).toHaveProperty(secret);
    }
  });

  it('names versions of what it did not build, and every volume', () => {
    for (const { image, volumes: mounted = [] } of Object.values(services)) {
      if (image !== undefined) expect(image).toMatch(/^[\w/-]+:\d+(\.\d+)*-\w+$/);
      for (const each of mounted) expect(volumes).toHaveProperty(each.split(':')[0] ?? '');
    }
  });
});
