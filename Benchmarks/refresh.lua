-- Refreshes: as many lines of tokens as connections and some to spare. A token is used only after the answer that brought
-- it arrived, so no line ever has two requests under way.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")

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
    return wrk.format("POST", path, headers, "grant_type=refresh_token&refresh_token=" .. (token or "none"))
end

function response(status, _, body)
    local token = status == 200 and body:match('"refresh_token":"(lkr_[%w_%-]+)"')
    if token and body:find('"access_token":"', 1, true) then
        table.insert(tokens, token)
    else
        wrong = wrong + 1
    end
end
