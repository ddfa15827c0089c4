import { expect, it, vi } from 'vitest';
import { standardErrorAudit, standardErrorLog } from '../../src/standard-error.js';

/** What is written to standard error meanwhile. */
function written(act: () => unknown): string[] {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => (lines.push(String(text)), true));
  act();
  spy.mockRestore();
  return lines;
}

it('is one line of JSON for each entry, in which nothing acts on a terminal, and nothing is lost', () => {
  const path = '/a\n{"level":"error"}\r\u001b[2J\u007f\u009b31m\u0085\u2028\u2029\u202e\u2066\u200f';
  const [line = '', ...others] = written(() => standardErrorLog({ level: 'warn', event: 'test', path }));
  expect(others).toEqual([]);
  expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  expect(line.endsWith('}\n')).toBe(true);
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
  expect(rest).toEqual({ level: 'warn', name: 'mcp-gatehouse', event: 'test', path });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

it('leaves out what is only informative, and tells audit events apart by their kind', () => {
  expect(written(() => standardErrorLog({ level: 'info', event: 'test' }))).toEqual([]);
  const record = { event: 'signing_key.rotated', keyId: 'one', reason: 'due', at: 0, outcome: 'success' } as const;
  const [line = ''] = written(() => standardErrorAudit(record));
  const parsed = JSON.parse(line) as Record<string, unknown>;
  expect(parsed).toMatchObject({ level: 'info', kind: 'audit', event: 'signing_key.rotated', keyId: 'one' });
  expect(parsed).not.toHaveProperty('at');
});
