-- Asks Latchkey about each request: `http-request lua.latchkey`, after the caller's own X-Latchkey headers are gone.
local CHECK = "http://127.0.0.1:8401/verify/nginx"
local IDENTITY = { "x-latchkey-user", "x-latchkey-client", "x-latchkey-account", "x-latchkey-scope", "x-latchkey-resources" }
local TIMEOUT = 5000 -- milliseconds

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status })
    reply:add_header("content-type", "application/json")
    reply:add_header("cache-control", "no-store")
    for name, value in pairs(headers) do reply:add_header(name, value) end
    reply:set_body(body)
    txn:done(reply)
end

core.register_action("latchkey", { "http-req" }, function(txn)
    local credentials = {}
    -- Lua sees repeated headers from index 0 on; two credentials must arrive as two.
    for _, value in pairs(txn.http:req_get_headers()["authorization"] or {}) do
        table.insert(credentials, value)
    end
    local headers = {
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
        ["x-forwarded-for"] = { txn.f:src() },
    }
    if #credentials > 0 then headers["authorization"] = credentials end
    local answer = core.httpclient():get({ url = CHECK, headers = headers, timeout = TIMEOUT })

    if answer.status == 401 or answer.status == 403 then
        local challenge = answer.headers["www-authenticate"]
        refuse(txn, answer.status, challenge and { ["www-authenticate"] = challenge[0] } or {}, answer.body)
    elseif answer.status ~= 200 then
        refuse(txn, 503, { ["retry-after"] = "1" }, '{"error":"temporarily_unavailable"}')
    end
    for _, name in ipairs(IDENTITY) do
        local value = answer.headers[name] and answer.headers[name][0] or ""
        if value ~= "" then txn.http:req_set_header(name, value) end
    end
end)
