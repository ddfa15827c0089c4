import { afterEach, beforeEach, expect, it } from 'vitest';
import { browserPaths } from '../../src/browser-journey.js';
import { parseOptions } from '../../src/config.js';
import { createEngine } from '../../src/engine.js';
import { mapIdentity } from '../../src/flow/map-identity.js';
import { createFoundation, type Foundation } from '../../src/foundation.js';
import { createOperator } from '../../src/operator.js';
import { createParties } from '../../src/parties.js';
import { createRegistryRecord } from '../../src/registry/registry-record.js';
import { createRegistry } from '../../src/registry/registry.js';
import type { AuditEvent } from '../../src/telemetry/audit.js';
import { oidcProvider } from '../../providers/oidc.js';
import { testSecret } from '../support/gatehouse.js';

const events: AuditEvent[] = [];
let foundation: Foundation;
let operator: ReturnType<typeof createOperator>;
beforeEach(() => {
  events.length = 0;
  const settings = parseOptions(
    {
      issuer: 'https://auth.example',
      secret: testSecret,
      store: 'memory:',
      providers: [oidcProvider({ issuer: 'https://id.example', clientId: 'a', clientSecret: 'upstream' })],
    },
    false,
  );
  foundation = { ...createFoundation(settings), audit: (event) => events.push(event) };
  const { store, sealing, randomness, clock, log } = foundation;
  const registry = createRegistry(createRegistryRecord(store, sealing, randomness), clock, log);
  const parties = createParties(settings, registry, log);
  const describeUser = mapIdentity(undefined, () => false);
  const engine = createEngine(settings, parties, foundation, { paths: browserPaths, describeUser });
  operator = createOperator(settings, foundation, engine, parties, registry);
});
afterEach(() => foundation.closeStore());

it('every change is told with who made it and from where, and nothing that was not made', async () => {
  const by = { operator: 'alice', address: '192.0.2.1', requestId: 'r1' };
  const { clients, resources, blocks } = operator;
  const url = 'https://notes.example/mcp';
  const { secret = '' } = await clients.add({ clientId: 'machine', name: 'M', newSecret: true }, by);
  await clients.add({ clientId: 'machine', name: 'M', newSecret: true }, by).catch(() => undefined);
  await clients.change('machine', { name: 'N' }, by);
  await clients.change('nobody', { name: 'N' }, by).catch(() => undefined);
  await clients.remove('machine', by);
  const { key = '' } = await resources.add({ url, newKey: true }, by);
  await resources.change(url, { name: 'Notes' }, by);
  await resources.remove(url, by);
  await blocks.add({ clientId: 'machine', reason: 'Spam' }, by);
  await blocks.add({ clientId: 'machine' }, by);
  await blocks.remove({ clientId: 'machine' }, by);
  await blocks.add({ host: 'evil.example' });
  const told = { outcome: 'success', ...by };
  expect(events).toEqual([
    { ...told, event: 'client.added', clientId: 'machine' },
    { ...told, event: 'client.changed', clientId: 'machine' },
    { ...told, event: 'client.removed', clientId: 'machine' },
    { ...told, event: 'resource.added', resource: url },
    { ...told, event: 'resource.changed', resource: url },
    { ...told, event: 'resource.removed', resource: url },
    { ...told, event: 'client.blocked', clientId: 'machine' },
    { ...told, event: 'client.unblocked', clientId: 'machine' },
    { outcome: 'success', operator: 'application', event: 'client.blocked', host: 'evil.example' },
  ]);
  for (const each of [secret, key]) expect(JSON.stringify(events)).not.toContain(each);
});
