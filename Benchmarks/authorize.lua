-- Collects authorization codes: a signed-in user's requests for what is granted already redirect at once.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")

wrong = 0
local output = io.open(os.getenv("LOAD_OUTPUT"), "a")
output:setvbuf("line")
wrk.headers["Cookie"] = os.getenv("LOAD_COOKIE")

function response(status, headers)
    local location = headers["Location"] or headers["location"] or ""
    local code = location:match("[?&]code=([^&]+)")
    if (status == 302 or status == 303) and code then
        output:write(code, "\n")
    else
        wrong = wrong + 1
    end
end
