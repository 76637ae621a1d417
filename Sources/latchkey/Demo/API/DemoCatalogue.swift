import OAuth

/// The OpenAPI document of the demo's protected API: a small cloud with accounts, zones, DNS records and workers.
enum DemoCatalogue {
    /// What the platform of the demo calls itself.
    static let platformName = "Nimbus Cloud"

    static func document() throws(JSONSyntaxError) -> JSON { try JSON(parsing: text) }

    static let text = #"""
        {
          "openapi": "3.1.0",
          "info": {"title": "Nimbus Cloud API", "version": "1.0.0",
            "description": "A small cloud to try Latchkey with. It lives in memory and starts anew each time."},
          "servers": [{"url": "/"}],
          "x-latchkey": {"resources": [{"type": "zone", "name": "zone", "plural": "zones", "parameter": "zone_id"}]},
          "tags": [
            {"name": "Accounts", "description": "The accounts themselves"},
            {"name": "Zones", "description": "Domains and their settings"},
            {"name": "DNS", "description": "The records of a zone"},
            {"name": "Workers", "description": "Code that runs at the edge"},
            {"name": "Status", "description": "Open to anybody"}
          ],
          "paths": {
            "/status": {
              "get": {"operationId": "getStatus", "tags": ["Status"], "summary": "See whether the cloud is up",
                "security": [], "responses": {"200": {"description": "It is"}}}
            },
            "/accounts": {
              "get": {"operationId": "listAccounts", "tags": ["Accounts"], "summary": "List the accounts that were chosen",
                "security": [{"nimbus": ["account.read"]}], "responses": {"200": {"description": "The accounts"}}}
            },
            "/accounts/{account_id}": {
              "parameters": [{"$ref": "#/components/parameters/account"}],
              "get": {"operationId": "getAccount", "tags": ["Accounts"], "summary": "See an account's name",
                "security": [{"nimbus": ["account.read"]}], "responses": {"200": {"description": "The account"}}}
            },
            "/accounts/{account_id}/zones": {
              "parameters": [{"$ref": "#/components/parameters/account"}],
              "get": {"operationId": "listZones", "tags": ["Zones"], "summary": "List zones",
                "security": [{"nimbus": ["zone.read"]}], "responses": {"200": {"description": "The zones"}}},
              "post": {"operationId": "addZone", "tags": ["Zones"], "summary": "Add a zone",
                "security": [{"nimbus": ["zone.write"]}], "responses": {"201": {"description": "The new zone"}}}
            },
            "/accounts/{account_id}/zones/{zone_id}": {
              "parameters": [{"$ref": "#/components/parameters/account"}, {"$ref": "#/components/parameters/zone"}],
              "get": {"operationId": "getZone", "tags": ["Zones"], "summary": "See one zone",
                "security": [{"nimbus": ["zone.read"]}], "responses": {"200": {"description": "The zone"}}},
              "patch": {"operationId": "changeZone", "tags": ["Zones"], "summary": "Pause a zone or resume it",
                "security": [{"nimbus": ["zone.write"]}], "responses": {"200": {"description": "The zone as it is now"}}}
            },
            "/accounts/{account_id}/zones/{zone_id}/dns_records": {
              "parameters": [{"$ref": "#/components/parameters/account"}, {"$ref": "#/components/parameters/zone"}],
              "get": {"operationId": "listRecords", "tags": ["DNS"], "summary": "List DNS records",
                "security": [{"nimbus": ["dns.read"]}], "responses": {"200": {"description": "The records"}}},
              "post": {"operationId": "addRecord", "tags": ["DNS"], "summary": "Add a DNS record",
                "security": [{"nimbus": ["dns.write"]}], "responses": {"201": {"description": "The new record"}}}
            },
            "/accounts/{account_id}/zones/{zone_id}/dns_records/{record_id}": {
              "parameters": [{"$ref": "#/components/parameters/account"}, {"$ref": "#/components/parameters/zone"},
                {"$ref": "#/components/parameters/record"}],
              "get": {"operationId": "getRecord", "tags": ["DNS"], "summary": "See one DNS record",
                "security": [{"nimbus": ["dns.read"]}], "responses": {"200": {"description": "The record"}}},
              "patch": {"operationId": "changeRecord", "tags": ["DNS"], "summary": "Change a DNS record",
                "security": [{"nimbus": ["dns.write"]}], "responses": {"200": {"description": "The record as it is now"}}},
              "delete": {"operationId": "deleteRecord", "tags": ["DNS"], "summary": "Delete a DNS record",
                "security": [{"nimbus": ["dns.delete"]}], "responses": {"200": {"description": "It is gone"}}}
            },
            "/accounts/{account_id}/workers": {
              "parameters": [{"$ref": "#/components/parameters/account"}],
              "get": {"operationId": "listWorkers", "tags": ["Workers"], "summary": "List workers",
                "security": [{"nimbus": ["worker.read"]}], "responses": {"200": {"description": "The workers"}}}
            },
            "/accounts/{account_id}/workers/{worker_name}": {
              "parameters": [{"$ref": "#/components/parameters/account"}, {"$ref": "#/components/parameters/worker"}],
              "get": {"operationId": "getWorker", "tags": ["Workers"], "summary": "See one worker",
                "security": [{"nimbus": ["worker.read"]}], "responses": {"200": {"description": "The worker"}}},
              "put": {"operationId": "deployWorker", "tags": ["Workers"], "summary": "Deploy a worker",
                "security": [{"nimbus": ["worker.write"]}], "responses": {"200": {"description": "The worker as it is now"}}},
              "delete": {"operationId": "deleteWorker", "tags": ["Workers"], "summary": "Delete a worker",
                "security": [{"nimbus": ["worker.delete"]}], "responses": {"200": {"description": "It is gone"}}}
            }
          },
          "components": {
            "parameters": {
              "account": {"name": "account_id", "in": "path", "required": true, "schema": {"type": "string"}},
              "zone": {"name": "zone_id", "in": "path", "required": true, "schema": {"type": "string"}},
              "record": {"name": "record_id", "in": "path", "required": true, "schema": {"type": "string"}},
              "worker": {"name": "worker_name", "in": "path", "required": true, "schema": {"type": "string"}}
            },
            "securitySchemes": {
              "nimbus": {"type": "oauth2", "flows": {"authorizationCode": {
                "authorizationUrl": "/oauth2/auth", "tokenUrl": "/oauth2/token", "refreshUrl": "/oauth2/token",
                "scopes": {
                  "account.read": "See the names of your accounts",
                  "zone.read": "See your zones and their settings",
                  "zone.write": "Add zones, pause and resume them",
                  "dns.read": "See the DNS records of your zones",
                  "dns.write": "Add and change DNS records",
                  "dns.delete": "Delete DNS records",
                  "worker.read": "See your workers",
                  "worker.write": "Deploy code that runs on your traffic",
                  "worker.delete": "Delete workers"
                }}}}
            }
          }
        }
        """#
}
