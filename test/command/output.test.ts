import { describe, expect, it } from 'vitest';
import { jsonLine, jsonLines, printable } from '../../src/command/output.js';
import { redactorFor } from '../../src/redact.js';

const hostile = 'Evil\u001b[2J\u009b2J\u202etxt\nnext\u2028\u{e0041} ä😀';

describe('what is printed', () => {
  it('holds nothing that moves the cursor, turns the text, or begins another line', () => {
    expect(printable(hostile)).toBe('Evil·[2J·2J·txt·next·· ä😀');
    expect(jsonLine({ hostile })).toMatch(/^[\x20-\x7eä😀]+$/u);
    for (const line of jsonLines({ hostile })) expect(line).toMatch(/^[\x20-\x7eä😀]+$/u);
  });

  it('is as JSON what it was', () => {
    expect(JSON.parse(jsonLine({ hostile }))).toEqual({ hostile });
    expect(JSON.parse(jsonLines({ hostile }).join('\n'))).toEqual({ hostile });
  });

  it('of a fault holds no secret of the environment, whole or in part', () => {
    const redact = redactorFor({
      GATEHOUSE_SECRET: 'first-secret,second-secret',
      GITHUB_CLIENT_SECRET: 'first-secret-longer',
      GATEHOUSE_STORE: 'postgres://me:p%40ssword@db.example/a',
      GATEHOUSE_URL: 'https://auth.example',
    });
    const text = 'first-secret second-secret first-secret-longer p%40ssword p@ssword https://auth.example';
    expect(redact(text)).toBe('… … … … … https://auth.example');
  });
});
