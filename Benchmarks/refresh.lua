-- Refreshes: as many lines of tokens as connections and some to spare. A token is used only after the answer that brought
-- it arrived, so no line ever has two requests under way.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")
dofile(os.getenv("LOAD_SCRIPTS") .. "/pace.lua")

wrong, missing = 0, 0
local tokens = lines_of(os.getenv("LOAD_INPUT"))
local path = os.getenv("LOAD_PATH")
local headers = {
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["Authorization"] = os.getenv("LOAD_CREDENTIALS"),
}

function request()
    local token = table.remove(tokens, 1)
    if not token then missing = missing + 1 end
    return wrk.format("POST", path, headers, "grant_type=refresh_token&refresh_token=" .. escaped(token or "none"))
end

function response(status, _, body)
    if status ~= 200 or not body:find('"access_token"%s*:%s*"') then
        wrong = wrong + 1
        return
    end
    local token = body:match('"refresh_token"%s*:%s*"([^"]+)"')
    if token then
        table.insert(tokens, token)
    else
        wrong = wrong + 1
    end
end
