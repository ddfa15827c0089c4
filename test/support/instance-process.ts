import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AuditRecord, LogEntry } from 'mcp-gatehouse';
import type { Order } from './instance.js';

/** A process that runs one instance of a gatehouse. */
export interface InstanceProcess {
  readonly port: number;
  isAlive(): boolean;
  /** Has an order carried out; rejects with what went wrong there. */
  obey(order: Order): Promise<void>;
  /** Hears what the instance logs. */
  onLog(hear: (entry: LogEntry) => void): void;
  /** Hears what audit events it tells. */
  onAudit(hear: (record: AuditRecord) => void): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** Resolves when the process has ended, however that came. */
  readonly ended: Promise<void>;
}

/** Starts a process, which serves nothing before it is told to. */
export async function startInstanceProcess(): Promise<InstanceProcess> {
  const child = fork(fileURLToPath(new URL('instance.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--conditions=mcp-gatehouse-source'],
  });
  const waiting = new Map<number, (error?: Error) => void>();
  let hear: (entry: LogEntry) => void = () => undefined;
  let hearAudit: (record: AuditRecord) => void = () => undefined;
  let alive = true;
  let sent = 0;
  const ended = once(child, 'exit').then(() => {
    alive = false;
    for (const settle of waiting.values()) settle(new Error('The instance has ended.'));
    waiting.clear();
  });
  const [{ port }] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('The instance did not start.'))),
  ])) as [{ port: number }];
  child.on('message', (message: { id?: number; error?: string; log?: LogEntry; audit?: AuditRecord }) => {
    if (message.log) hear(message.log);
    if (message.audit) hearAudit(message.audit);
    if (message.id === undefined) return;
    waiting.get(message.id)?.(message.error === undefined ? undefined : new Error(message.error));
    waiting.delete(message.id);
  });
  return {
    port,
    ended,
    isAlive: () => alive,
    obey: (order) =>
      new Promise((resolve, reject) => {
        const id = (sent += 1);
        waiting.set(id, (error) => (error ? reject(error) : resolve()));
        if (alive) child.send({ id, order }, (error) => error && reject(error));
        else reject(new Error('The instance has ended.'));
      }),
    onLog: (next) => (hear = next),
    onAudit: (next) => (hearAudit = next),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
