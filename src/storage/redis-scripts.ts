import { createHash } from 'node:crypto';
import { clockTolerance } from './clock.js';

/** A script that Redis runs as one atomic step. */
export interface RedisScript {
  readonly text: string;
  /** The name by which Redis remembers it. */
  readonly sha: string;
}

/** What was packed as `expiresAt version value`: the version of a record that lives, with what is needed to compare. */
const state = `
local function state(packed, now)
  local expiresAt, version = string.match(packed or '', '^(%S+) (%S*) ')
  if expiresAt == 'never' or (tonumber(expiresAt) or 0) > tonumber(now) then return '=' .. version end
  return 'absent'
end`;

/**
 * Forgets some ids whose records are gone, more than a write adds, and lets the index live as long as its last record.
 *
 * Whether a record is gone only Redis says: the clock of the caller may be ahead of that of the one who wrote it.
 */
const tidy = `
local function tidy(record, id, ids, expiries, now)
  local stem = string.sub(record, 1, -#id - 1)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 20)) do
    if redis.call('EXISTS', stem .. old) == 0 then
      redis.call('ZREM', ids, old)
      redis.call('ZREM', expiries, old)
    end
  end
  local last = redis.call('ZREVRANGE', expiries, 0, 0, 'WITHSCORES')[2]
  for _, index in ipairs({ ids, expiries }) do
    if last == 'inf' then
      redis.call('PERSIST', index)
    elseif last then
      local left = math.max(1, (tonumber(last) - tonumber(now) + ${clockTolerance}) * 1000)
      redis.call('PEXPIRE', index, string.format('%.0f', math.ceil(left)))
    end
  end
end`;

/** KEYS: record, ids, expiries. ARGV: id, now, expectation, packed record, expiry, milliseconds to keep it. */
export const setScript = script(`${state}${tidy}
local id, now, expected, packed, expiresAt, kept = unpack(ARGV)
if expected ~= 'any' and expected ~= state(redis.call('GET', KEYS[1]), now) then return 0 end
if expiresAt == 'never' then
  redis.call('SET', KEYS[1], packed)
else
  redis.call('SET', KEYS[1], packed, 'PX', kept)
end
redis.call('ZADD', KEYS[2], 0, id)
redis.call('ZADD', KEYS[3], expiresAt == 'never' and '+inf' or expiresAt, id)
tidy(KEYS[1], id, KEYS[2], KEYS[3], now)
return 1`);

/** KEYS: record, ids, expiries. ARGV: id, now, expectation. */
export const deleteScript = script(`${state}${tidy}
local id, now, expected = unpack(ARGV)
local found = state(redis.call('GET', KEYS[1]), now)
if found == 'absent' or (expected ~= 'any' and expected ~= found) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], id)
redis.call('ZREM', KEYS[3], id)
tidy(KEYS[1], id, KEYS[2], KEYS[3], now)
return 1`);

/** KEYS: stem of the records, ids. ARGV: now, where to begin, how many. Answers ids and packed records in turn. */
export const listScript = script(`${state}
local now, from, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local listed = {}
while true do
  local ids = redis.call('ZRANGEBYLEX', KEYS[2], from, '+', 'LIMIT', 0, limit)
  for _, id in ipairs(ids) do
    local packed = redis.call('GET', KEYS[1] .. id)
    if packed and state(packed, now) ~= 'absent' then
      listed[#listed + 1] = id
      listed[#listed + 1] = packed
    end
    if #listed == 2 * limit then return listed end
    from = '(' .. id
  end
  if #ids < limit then return listed end
end`);

function script(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
