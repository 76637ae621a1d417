-- With LOAD_DELAY each connection waits that many milliseconds before each request.
local pause = tonumber(os.getenv("LOAD_DELAY") or "0")

if pause > 0 then
    function delay() return math.floor(pause * (0.5 + math.random())) end
end
