import { pino } from 'pino';
import type { AuditSink } from './audit-trail.js';
import type { Log } from './telemetry/log.js';

/**
 * What JSON leaves as it is, and a terminal or a reader of lines may take for more than text: controls of ISO 8859,
 * separators of lines, and marks that turn the direction of what follows.
 */
const treacherous = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const isTreacherous = new RegExp(treacherous.source);

let isWatched = false;

function write(line: string): void {
  // Whoever read the lines may be gone, and the fault that tells of it would end the process.
  if (!isWatched) process.stderr.on('error', () => undefined);
  isWatched = true;
  process.stderr.write(isTreacherous.test(line) ? line.replace(treacherous, escaped) : line);
}

const lines = pino(
  {
    base: { name: 'mcp-gatehouse' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  },
  { write },
);

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Writes warnings and errors as lines of JSON on standard error. */
export const standardErrorLog: Log = ({ level, ...entry }) => {
  if (level !== 'info') lines[level](entry);
};

// A line has a time of its own.
const auditLines = lines.child({ kind: 'audit' }, { serializers: { at: () => undefined } });

/** Writes audit events as lines of JSON on standard error. */
export const standardErrorAudit: AuditSink = (record) => auditLines.info(record);
