import Delegation
import OAuth
import Storage

/// Changing who is in an account, for pages and the management API alike.
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
        let account = Account(id: random.identifier(), name: name, createdAt: exchange.now)
        try await store.createAccount(
            account, ownerID: user.id, roleID: role.id, actor: principal.actor(exchange), now: exchange.now)
        return account
    }

    /// Gives a member exactly these roles; it acts at once.
    func setRoles(
        _ roles: [Role], of member: (user: User, roles: [Role]), in account: Account, by principal: Principal, _ exchange: Exchange
    ) async throws {
        try principal.checkMayGive(roles, in: account.id, of: permissionGroups)
        try principal.checkMayChange(member.roles, in: account.id)
        try check(
            try await store.setMemberRoles(
                userID: member.user.id, accountID: account.id, roles: roles, actor: principal.actor(exchange), now: exchange.now))
    }

    func removeMember(
        _ member: (user: User, roles: [Role]), from account: Account, by principal: Principal, _ exchange: Exchange
    ) async throws {
        try principal.checkMayChange(member.roles, in: account.id)
        try check(
            try await store.removeMember(
                userID: member.user.id, accountID: account.id, actor: principal.actor(exchange), now: exchange.now))
    }

    private func check(_ outcome: Store.MemberChange) throws {
        switch outcome {
        case .done: break
        case .unknown: throw AccessProblem.notFound("There is no such member.")
        case .lastAdministrator:
            throw InvalidInput("Nobody would be left who may do everything in this account. Make somebody else an administrator first.")
        }
    }
}

extension Principal {
    /// A role is given by those alone who have all of it themselves; one that may do everything only by somebody who may, and not
    /// by a token that is limited. Such a token gives only roles of which the token itself allows every permission there is.
    func checkMayGive(_ roles: [Role], in account: Identifier, of groups: [PermissionGroup]) throws(AccessProblem) {
        for (index, role) in roles.enumerated() where !covers(role, in: account) || !reaches(role, groups, in: account) {
            throw .exceeding(
                .init(pointer: "/roles/\(index)", text: "You may not do all that the role \(role.name) may, so you cannot give it."))
        }
    }

    /// Those who may do everything are changed and removed by their like alone.
    func checkMayChange(_ roles: [Role], in account: Identifier) throws(AccessProblem) {
        if roles.contains(where: { $0.allowsEverything && !covers($0, in: account) }) {
            throw .forbidden("This member may do everything in the account. Only somebody who may too can change or remove them.")
        }
    }

    private func reaches(_ role: Role, _ groups: [PermissionGroup], in account: Identifier) -> Bool {
        reach == .everything || groups.allSatisfy { !role.allows($0.label) || may($0.label, in: account) }
    }

    private func covers(_ role: Role, in account: Identifier) -> Bool {
        guard let membership = membership(in: account) else { return false }
        if role.allowsEverything { return membership.allowsEverything && reach == .everything }
        // A pattern that matches another one's text matches all that the other matches.
        return role.permissions.allSatisfy(membership.allows)
    }
}
