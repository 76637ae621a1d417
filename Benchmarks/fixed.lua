-- The same request again and again. The answers are checked by their sizes and by samples taken meanwhile: a callback
-- per answer would make the generator the bottleneck.
dofile(os.getenv("LOAD_SCRIPTS") .. "/summary.lua")

wrk.method = os.getenv("LOAD_METHOD")
wrk.body = os.getenv("LOAD_BODY")
for line in (os.getenv("LOAD_HEADERS") or ""):gmatch("[^\n]+") do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
end
