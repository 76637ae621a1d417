-- What every script reports when wrk is done: one line of JSON. `wrong` counts answers that were not the right one.
local threads = {}

function setup(thread) table.insert(threads, thread) end

function done(summary, latency)
    local wrong, missing = 0, 0
    for _, thread in ipairs(threads) do
        wrong = wrong + (thread:get("wrong") or 0)
        missing = missing + (thread:get("missing") or 0)
    end
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%.3f,"p99":%.3f,"status":%d,"socket":%d,"wrong":%d,"missing":%d}\n',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout, wrong, missing))
end

function lines_of(path)
    local lines = {}
    for line in io.lines(path) do table.insert(lines, line) end
    return lines
end

-- RFC 3986: what is not unreserved is percent-encoded.
function escaped(text)
    return (text:gsub("[^%w%-%._~]", function(character) return string.format("%%%02X", character:byte()) end))
end
