-- A request for each token of a file in turn. The requests are made beforehand, and the answers are checked by their sizes and by
-- samples taken meanwhile: work for each answer would make the generator the bottleneck.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")
dofile(os.getenv("LOAD_SCRIPTS") .. "/pace.lua")

local tokens = lines_of(os.getenv("LOAD_INPUT"))
local requests = {}
local next_request = 0

function init()
    local path = wrk.path
    for _, token in ipairs(tokens) do
        local headers = {}
        for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
            local name, value = line:match("^([^:]+): (.*)$")
            headers[name] = value:gsub("TOKEN", (token:gsub("%%", "%%%%")))
        end
        local body = (os.getenv("LOAD_BODY") or ""):gsub("TOKEN", (escaped(token):gsub("%%", "%%%%")))
        table.insert(requests, wrk.format(os.getenv("LOAD_METHOD"), path, headers, body ~= "" and body or nil))
    end
end

function request()
    next_request = next_request % #requests + 1
    return requests[next_request]
end
