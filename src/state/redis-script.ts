// SPDX-License-Identifier: Apache-2.0
/**
 * counter-rules.ts in Lua, so that Redis does read, decision and write as one step whoever else asks. A table is a hash
 * of entries (`since:value`) and a sorted set of its keys by last use; both in one slot of a cluster.
 *
 * KEYS: entries, order of use. ARGV: what to do, key, now ('' for Redis's own clock, which all askers share),
 * maxEntries, then for counts windowMs, quota, penalize (0 or 1), value or summand; for greylists blockMs, resubmitMs,
 * inactivityMs, ''; for memories forMs, '', '', who. Answers a text, or false for `absent`.
 */
export const COUNTER_SCRIPT = `
local entries, order = KEYS[1], KEYS[2]
local act, key, most = ARGV[1], ARGV[2], tonumber(ARGV[4])
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local MAX = 1e15
local function whole(text)
  if not string.match(text, '^[+-]?%d+$') or #string.gsub(text, '[+-]', '') > 16 then return nil end
  local number = tonumber(text)
  return math.abs(number) <= MAX and number or nil
end
local function text(number) return string.format('%.0f', number + 0) end

local since, value
local held = redis.call('HGET', entries, key)
if held then
  local colon = string.find(held, ':', 1, true)
  since = tonumber(string.sub(held, 1, colon - 1))
  value = string.sub(held, colon + 1)
end

local answer, keepMs = false, 0
local function greylist(blockMs, resubmitMs, inactivityMs)
  keepMs = math.max(resubmitMs, inactivityMs)
  local age = now - (since or now)
  if value == 'passed' and age <= inactivityMs then
    since, answer = now, 'pass'
  elseif not since or value == 'passed' or age > resubmitMs then
    since, value, answer = now, '', 'refuse'
  elseif age < blockMs then
    answer = 'refuse'
  else
    since, value, answer = now, 'passed', 'pass'
  end
end

local function count(windowMs, quota, penalize, given)
  keepMs = windowMs
  local windows = since and windowMs > 0 and math.floor((now - since) / windowMs) or 0
  if windows > 0 then
    local number = penalize and whole(value)
    local left = number and number - windows * quota or 0
    if left <= 0 then
      since, value = nil, nil
    else
      since, value = since + windows * windowMs, text(left)
    end
  end
  local number = whole(value or '0')
  if act == 'throttle' or act == 'query' then
    if not number then return end
    local following = math.min(number + 1, MAX)
    answer = following > quota and 'over' or 'under'
    if act == 'throttle' then since, value = since or now, text(following) end
    if penalize and quota > 0 then keepMs = windowMs * (math.ceil(following / quota) + 1) end
  elseif act == 'adjust' then
    local by = whole(given)
    if not number or not by then return end
    since, value = since or now, text(math.max(-MAX, math.min(MAX, number + by)))
    answer = value
    if penalize and quota > 0 then keepMs = windowMs * (math.ceil(math.max(0, number + by) / quota) + 1) end
  elseif act == 'fetch' then
    answer = value or false
  elseif act == 'remove' then
    since, value, answer = nil, nil, ''
  elseif act == 'store' then
    since, value, answer = now, given, ''
    local stored = penalize and whole(given)
    if stored and quota > 0 then keepMs = windowMs * (math.ceil(math.max(0, stored) / quota) + 1) end
  end
end

local function remember(forMs, by)
  local ms, who = string.match(value or '', '^claimed (%d+) (.*)$')
  if not ms then ms = string.match(value or '', '^known (%d+)$') end
  if not ms or now - since >= tonumber(ms) then since, value, who = nil, nil, nil end
  keepMs = forMs
  if act == 'know' then
    since, value, answer = now, 'known ' .. text(forMs), ''
  elseif act == 'unclaim' then
    answer = ''
    if since and who == by then since, value = nil, nil end
  elseif since and not who then
    answer = 'known'
  elseif since and who ~= by then
    answer = 'busy'
  else
    since, value, answer = now, 'claimed ' .. text(forMs) .. ' ' .. by, 'free'
  end
end

if act == 'claim' or act == 'know' or act == 'unclaim' then
  remember(tonumber(ARGV[5]) or 0, ARGV[8])
elseif act == 'greylist' then
  greylist(tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
else
  count(tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8])
end

if since then
  redis.call('HSET', entries, key, text(since) .. ':' .. value)
  redis.call('ZADD', order, text(now), key)
  local over = redis.call('ZCARD', order) - most
  if over > 0 then
    local oldest = redis.call('ZPOPMIN', order, over)
    for i = 1, #oldest, 2 do redis.call('HDEL', entries, oldest[i]) end
  end
  for _, name in ipairs(KEYS) do
    if keepMs == 0 and ARGV[6] ~= '' then
      redis.call('PERSIST', name)
    elseif redis.call('PTTL', name) < keepMs * 2 then
      redis.call('PEXPIRE', name, text(math.min(keepMs * 2, MAX)))
    end
  end
elseif held then
  redis.call('HDEL', entries, key)
  redis.call('ZREM', order, key)
end
return answer
`
