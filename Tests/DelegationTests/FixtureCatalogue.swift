import OAuth

@testable import Delegation

extension Fixture {
    /// Zones, DNS, workers: read, write and destructive scopes in two categories, and one operation of every kind of access.
    static func catalogue() throws -> Catalogue {
        try Catalogue.imported(from: JSON(parsing: Array(document.utf8)), file: "api.json").catalogue
    }

    private static let document = """
        {"openapi":"3.0.3","info":{"title":"Cloud","version":"1"},
         "components":{"securitySchemes":{
           "oauth":{"type":"oauth2","flows":{"authorizationCode":{"authorizationUrl":"https://x.example","tokenUrl":"https://x.example",
             "scopes":{"zone.read":"Read zones","zone.write":"Change and delete zones","dns.read":"Read records",
                       "dns.write":"Change records","user.read":"Read the user"}}}},
           "key":{"type":"apiKey","in":"header","name":"X-Key"}}},
         "paths":{
           "/accounts/{account_id}/zones":{
             "get":{"tags":["Zones"],"summary":"List zones","security":[{"oauth":["zone.read"]}]},
             "delete":{"tags":["Zones"],"summary":"Delete all zones","security":[{"oauth":["zone.write"]}]}},
           "/accounts/{account_id}/dns":{
             "get":{"tags":["DNS"],"summary":"List records","security":[{"oauth":["dns.read"]}]},
             "post":{"tags":["DNS"],"summary":"Add a record","security":[{"oauth":["dns.write"]}]},
             "options":{"tags":["DNS"],"summary":"What is there","security":[{"oauth":["dns.read"]}]}},
           "/user":{"get":{"tags":["Zones"],"summary":"Who am I","security":[{"oauth":["user.read"]}]}},
           "/status":{"get":{"tags":["Zones"],"summary":"Is it up","security":[]}},
           "/keyed":{"get":{"tags":["Zones"],"summary":"Keys only","security":[{"key":[]}]}}}}
        """
}
