#!lua name=balcon_seats_v2
-- The owner decides; these functions only fence, number and write. Validate everything first: there is no rollback.
-- KEYS[1] {performance}:fence (hash: epoch, batch), KEYS[2] {performance}:holds (hash: hold id -> record),
-- KEYS[3] {performance}:ended (list: the hold ids that ended last)

local function stored(fence)
  local pair = redis.call('HMGET', fence, 'epoch', 'batch')
  return tonumber(pair[1]) or 0, tonumber(pair[2]) or 0
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- ARGV: epoch, seconds to keep. Raises the fence; batches start again at 1.
local function open(keys, args)
  local epoch = tonumber(args[1])
  local known, batch = stored(keys[1])
  if epoch < known then
    return {'FENCED', known}
  end
  if epoch > known then
    redis.call('HSET', keys[1], 'epoch', args[1], 'batch', '0')
    batch = 0
  end
  redis.call('EXPIRE', keys[1], args[2])
  if redis.call('EXISTS', keys[2]) == 1 then
    redis.call('EXPIRE', keys[2], args[2])
  end
  return {'OPEN', tostring(now_ms()), batch}
end

-- ARGV: epoch, batch, MessagePack of {put: [id, record, id, record ...], ended: [id ...]}, seconds to keep,
-- how many ended ids to keep, seconds to keep them after the last one.
local function append(keys, args)
  local epoch, batch = tonumber(args[1]), tonumber(args[2])
  local known_epoch, known_batch = stored(keys[1])
  if epoch < known_epoch then
    return 'FENCED'
  end
  -- Every owner opens before it appends: an epoch the fence has never seen was opened here and then lost.
  if epoch > known_epoch then
    return 'GAP'
  end
  if batch <= known_batch then
    return 'SEEN'
  end
  if batch ~= known_batch + 1 then
    return 'GAP'
  end
  local writes = cmsgpack.unpack(args[3])
  local put, ended = writes[1], writes[2]
  if #put > 0 then
    redis.call('HSET', keys[2], unpack(put))
    redis.call('EXPIRE', keys[2], args[4])
  end
  if #ended > 0 then
    redis.call('HDEL', keys[2], unpack(ended))
    redis.call('RPUSH', keys[3], unpack(ended))
    redis.call('LTRIM', keys[3], -tonumber(args[5]), -1)
    redis.call('EXPIRE', keys[3], args[6])
  end
  redis.call('HSET', keys[1], 'batch', args[2])
  redis.call('EXPIRE', keys[1], args[4])
  return 'DONE'
end

redis.register_function('balcon_seats_v2_open', open)
redis.register_function('balcon_seats_v2_append', append)
