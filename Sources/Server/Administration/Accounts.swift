import Delegation
import OAuth
import Storage

/// Making, naming and leaving accounts, for pages and the management API alike.
extension Deployment {
    /// The role that whoever creates an account gets.
    static let founderRole = "Super Administrator"

    /// Makes an account whose first member is the caller.
    func createAccount(named name: String, by principal: Principal, _ exchange: Exchange) async throws -> Account {
        guard let user = principal.user, principal.reach == .everything else {
            throw AccessProblem.forbidden("Creating an account takes a token that may do everything that its user may.")
        }
        guard settings.accountCreation == .everyone else {
            throw AccessProblem.forbidden("On this platform the operator alone creates accounts.")
        }
        guard let role = try await store.roles().first(where: { $0.name == Deployment.founderRole }) else {
            throw StorageError.unavailable("The role \(Deployment.founderRole) is missing.")
        }
        let account = Account(id: random.identifier(), name: try accountName(name), createdAt: exchange.now)
        try await store.createAccount(
            account, ownerID: user.id, roleID: role.id, actor: principal.actor(exchange), now: exchange.now)
        return account
    }

    /// - Returns: the account under its new name.
    func rename(_ account: Account, to name: String, by principal: Principal, _ exchange: Exchange) async throws -> Account {
        var renamed = account
        renamed.name = try accountName(name)
        guard
            try await store.renameAccount(renamed.id, renamed.name, actor: principal.actor(exchange), now: exchange.now)
        else { throw AccessProblem.notFound("There is no such account.") }
        return renamed
    }

    private func accountName(_ text: String) throws(InvalidInput) -> String {
        do {
            return try DisplayName.checked(text)
        } catch {
            throw InvalidInput(error.description, pointer: "/name")
        }
    }

    /// Ends the caller's own place in an account. What they granted there ends with it; a suspended account can be left too.
    func leave(_ membership: Membership, by principal: Principal, _ exchange: Exchange) async throws {
        let user = try principal.require(UserPermission.manageMemberships)
        try check(
            try await store.removeMember(
                userID: user.id, accountID: membership.account.id, actor: principal.actor(exchange), now: exchange.now))
    }

    /// What somebody's leaving an account ends: their authorizations that reach it.
    /// - Returns: how many there are, and the names of the first ones' apps.
    func connections(of userID: Identifier, in account: Account, _ exchange: Exchange) async throws -> (count: Int, names: [String]) {
        let (found, total) = try await store.authorizations(
            accountID: account.id, .init(userID: userID), limit: 20, offset: 0, now: exchange.now)
        return (total, found.map(\.grant.client.name))
    }
}
