-- Redeems codes that were collected before, each once. With LOAD_OUTPUT it writes what comes of them, a line for each, and ends when
-- there are LOAD_COUNT lines.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")

wrong, missing = 0, 0
local codes = lines_of(os.getenv("LOAD_INPUT"))
local next_code, good = 1, 0
local path = os.getenv("LOAD_PATH")
local rest = os.getenv("LOAD_BODY")
local output = os.getenv("LOAD_OUTPUT") and io.open(os.getenv("LOAD_OUTPUT"), "a")
local wanted = tonumber(os.getenv("LOAD_COUNT") or "0")
local headers = {
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["Authorization"] = os.getenv("LOAD_CREDENTIALS"),
}
if output then output:setvbuf("line") end

function request()
    local code = codes[next_code]
    next_code = next_code + 1
    if not code then missing = missing + 1 end
    return wrk.format("POST", path, headers, rest .. "&code=" .. escaped(code or "none"))
end

function response(status, _, body)
    local access = status == 200 and body:match('"access_token"%s*:%s*"([^"]+)"')
    local refresh = status == 200 and body:match('"refresh_token"%s*:%s*"([^"]+)"')
    if not access or not refresh then
        wrong = wrong + 1
    elseif output and good < wanted then
        output:write(access, " ", refresh, "\n")
        good = good + 1
    end
    -- wrk would wait until its time is over. Where codes ran out, nothing more will come.
    if output and (good == wanted or missing > 1000) then
        output:close()
        io.write('{"requests":', good, ',"wrong":', wrong, '}\n')
        os.exit(0)
    end
end
