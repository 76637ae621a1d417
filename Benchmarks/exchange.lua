-- Redeems codes that were collected before, each once.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")

wrong, missing = 0, 0
local codes = lines_of(os.getenv("LOAD_INPUT"))
local next_code = 1
local path = os.getenv("LOAD_PATH")
local rest = os.getenv("LOAD_BODY")
local headers = {
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["Authorization"] = os.getenv("LOAD_CREDENTIALS"),
}

function request()
    local code = codes[next_code]
    next_code = next_code + 1
    if not code then missing = missing + 1 end
    return wrk.format("POST", path, headers, rest .. "&code=" .. (code or "none"))
end

function response(status, _, body)
    if status ~= 200 or not body:find('"access_token":"', 1, true) or not body:find('"refresh_token":"', 1, true) then
        wrong = wrong + 1
    end
end
