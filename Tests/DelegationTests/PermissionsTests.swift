import OAuth
import Testing

@testable import Delegation

@Suite("Permissions of roles")
struct PermissionsTests {
    @Test(
        "A pattern covers a label",
        arguments: [
            ("*", "dns.read", true), ("*", "", true), ("**", "dns.read", true), ("dns.*", "dns.read", true), ("dns.*", "dns.", true),
            ("dns.*", "dns", false), ("dns.*", "xdns.read", false), ("*.read", "dns.read", true), ("*.read", "dns.read.all", false),
            ("*.read", "read", false), ("zone.write", "zone.write", true), ("zone.write", "zone.writes", false),
            ("zone.write", "zone.writ", false), ("a*b*c", "abc", true), ("a*b*c", "aXbbYc", true), ("a*b*c", "aXcYb", false),
            ("*aab", "aaaaab", true), ("", "dns.read", false), ("", "", true), ("dns?read", "dns.read", false),
            ("DNS.*", "dns.read", false),
            ("dnsé*", "dnséx", true), ("a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ])
    func pattern(permission: String, label: String, isCovered: Bool) {
        #expect(Role(id: Fixture.id(1), name: "", permissions: [permission]).allows(label) == isCovered)
    }

    @Test("A member may do what any one of the roles allows, and nothing without a role")
    func union() {
        let account = Fixture.account(Fixture.acmeID, "Acme")
        let writer = Role(id: Fixture.id(3), name: "DNS", permissions: ["dns.write", "zone.*"])
        let member = Fixture.membership(account, Fixture.reader, writer)
        #expect(member.allows("dns.read") && member.allows("dns.write") && member.allows("zone.delete"))
        #expect(!member.allows("worker.write"))
        #expect(!Fixture.membership(account).allows("dns.read"))
        #expect(!member.allowsEverything)
        #expect(Fixture.membership(account, Fixture.reader, Fixture.administrator).allowsEverything)
    }
}

@Suite("Roles in words")
struct RoleWordsTests {
    private func words(_ permissions: String...) throws -> String {
        Role(id: Fixture.id(1), name: "", permissions: permissions).words(try Fixture.catalogue())
    }

    @Test("What a role may do is said of the API and of the account")
    func sentences() throws {
        #expect(try words("*").hasPrefix("Everything"))
        #expect(try words("*.read", "latchkey.clients.view") == "In the API: everything that reads. In the account: OAuth clients: view.")
        #expect(try words("*.read", "dns.write") == "In the API: everything that reads, everything that changes.")
        #expect(try words("dns.*") == "In the API: 1 of 3 permissions whose use reads, everything that changes.")
        #expect(try words("zone.write") == "In the API: everything that deletes.")
        #expect(try words("latchkey.members.*") == "In the API: nothing. In the account: Members: view; Members: invite, change, remove.")
    }
}
