import OAuth
import Testing

@testable import Delegation

@Suite("Finding the operation of a request")
struct OperationMatcherTests {
    func matched(_ target: String) throws -> String? {
        let document = """
            {"openapi":"3.0.3","info":{"title":"Cloud","version":"1"},"paths":{
              "/zones/{zone_id}":{"get":{"security":[]}},"/zones/export":{"get":{"security":[]}},
              "/zones/export/{format}":{"post":{"security":[]}},"/zones/{zone_id}/{part}":{"get":{"security":[]}}}}
            """
        let catalogue = try Catalogue.imported(from: JSON(parsing: Array(document.utf8)), file: "api.json").catalogue
        guard case .operation(let match) = OperationMatcher(catalogue).match(method: "GET", target: target[...]) else { return nil }
        return match.operation.path
    }

    @Test(
        "A literal wins, and where it leads nowhere the value is tried",
        arguments: [("/zones/export", "/zones/export"), ("/zones/a", "/zones/{zone_id}"), ("/zones/export/csv", "/zones/{zone_id}/{part}")])
    func literals(target: String, path: String) throws {
        #expect(try matched(target) == path)
    }

    @Test(
        "A parameter of a segment is part of a value, but hides no other operation from a server that cuts it off",
        arguments: [
            ("/zones/a;b", "/zones/{zone_id}"), ("/zones/a%3bb", "/zones/{zone_id}"), ("/zones/export;x", nil), ("/zones/export;", nil),
            ("/zones/export%3bx", nil), ("/zones/;x", nil), ("/zones/..;x", nil),
        ] as [(String, String?)])
    func parameters(target: String, path: String?) throws {
        #expect(try matched(target) == path)
    }
}
