import type { HttpBody } from '../../http/message.js';

/** The largest message that is read, in bytes: that of both MCP SDK lines. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** The most messages of a batch, as in both SDK lines: millions of empty ones fit into a body. */
const maxMessages = 100;

/** A JSON-RPC message, as far as a gate has to know it. */
export interface Message {
  /** Absent in answers, and in what is no message at all. */
  readonly method: string | undefined;
  /** The tool that it calls. */
  readonly tool: string | undefined;
  /** Present where it expects an answer. */
  readonly id: string | number | undefined;
  /** Whether results have to say that they are complete (MCP 2026-07-28). */
  readonly namesResultType: boolean;
}

/** The body of a POST to an MCP server. */
export interface ReadBody {
  readonly value: unknown;
  readonly messages: readonly Message[];
  /** Several messages at once, as MCP 2025-03-26 has it. */
  readonly isBatch: boolean;
}

/** Why a body is not read. */
export type UnreadReason = 'no JSON' | 'too large' | 'too many';

/** Reads what a body says. */
export function readMessages(body: HttpBody): ReadBody | UnreadReason {
  if (body.kind === 'too large') return 'too large';
  const parsed = valueOf(body);
  if (!parsed) return 'no JSON';
  const { value } = parsed;
  const isBatch = Array.isArray(value);
  const values: readonly unknown[] = isBatch ? value : [value];
  if (values.length > maxMessages) return 'too many';
  return { value, isBatch, messages: values.map(messageOf) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function valueOf(body: HttpBody): { readonly value: unknown } | undefined {
  if (body.kind === 'parsed' && typeof body.value !== 'string') return { value: body.value };
  try {
    if (body.kind === 'parsed') return { value: JSON.parse(String(body.value)) };
    return body.kind === 'bytes' ? { value: JSON.parse(utf8.decode(body.bytes)) } : undefined;
  } catch {
    return undefined;
  }
}

type Members = Readonly<Record<string, unknown>>;

function messageOf(value: unknown): Message {
  const { method, params, id } = membersOf(value);
  const { name, _meta } = membersOf(params);
  return {
    method: typeof method === 'string' ? method : undefined,
    tool: method === 'tools/call' && typeof name === 'string' ? name : undefined,
    id: typeof id === 'string' || typeof id === 'number' ? id : undefined,
    namesResultType: 'io.modelcontextprotocol/protocolVersion' in membersOf(_meta),
  };
}

/** What has been said by somebody else: nothing, where it is no object. */
export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}
