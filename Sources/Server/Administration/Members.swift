import Delegation
import OAuth
import Storage

/// Who is in an account, and who was asked to be.
enum AccountMember: Sendable {
    /// Since when in epoch seconds.
    case accepted(id: Identifier, user: User, roles: [Role], since: Int64)
    case pending(Invitation)

    var id: Identifier {
        switch self {
        case .accepted(let id, _, _, _): id
        case .pending(let invitation): invitation.id
        }
    }

    var email: String {
        switch self {
        case .accepted(_, let user, _, _): user.email
        case .pending(let invitation): invitation.email
        }
    }

    var roles: [Role] {
        switch self {
        case .accepted(_, _, let roles, _): roles
        case .pending(let invitation): invitation.roles
        }
    }

    /// nil: they have not accepted.
    var user: User? {
        if case .accepted(_, let user, _, _) = self { user } else { nil }
    }

    /// Whether they can sign in and may do everything.
    var isAdministrator: Bool { user?.isDisabled == false && roles.contains(where: \.allowsEverything) }
}

/// Changing who is in an account, for pages and the management API alike.
extension Deployment {
    /// By email.
    func members(of account: Account, now: Int64) async throws -> [AccountMember] {
        let members = try await store.members(accountID: account.id).map { member in
            AccountMember.accepted(id: member.id, user: member.user, roles: member.roles, since: member.since)
        }
        let invitations = try await store.invitations(accountID: account.id, now: now).map { AccountMember.pending($0) }
        return (members + invitations).sorted { $0.email < $1.email }
    }

    /// The member that a path names.
    func member(_ id: Substring, of account: Account, now: Int64) async throws -> AccountMember {
        guard let id = Identifier(id), let member = try await members(of: account, now: now).first(where: { $0.id == id }) else {
            throw AccessProblem.notFound("There is no such member.")
        }
        return member
    }

    /// Gives a member, or somebody who is asked to be one, exactly these roles; it acts at once.
    func setRoles(
        _ roles: [Role], of member: AccountMember, in account: Account, by principal: Principal, _ exchange: Exchange
    ) async throws {
        try principal.checkMayGive(roles, besides: member.roles, in: account.id, of: permissionGroups)
        try principal.checkMayChange(member.roles, in: account.id)
        switch member {
        case .accepted(_, let user, _, _):
            try check(
                try await store.setMemberRoles(
                    userID: user.id, accountID: account.id, roles: roles, before: member.roles, actor: principal.actor(exchange),
                    now: exchange.now))
        case .pending(let invitation):
            try check(
                try await store.setInvitationRoles(invitation, roles: roles, actor: principal.actor(exchange), now: exchange.now))
        }
    }

    /// Takes a member out of an account, or takes an invitation back.
    func remove(_ member: AccountMember, from account: Account, by principal: Principal, _ exchange: Exchange) async throws {
        try principal.checkMayChange(member.roles, in: account.id)
        switch member {
        case .accepted(_, let user, _, _):
            try check(
                try await store.removeMember(
                    userID: user.id, accountID: account.id, before: member.roles, actor: principal.actor(exchange), now: exchange.now))
        case .pending(let invitation):
            try check(try await store.withdrawInvitation(invitation, actor: principal.actor(exchange), now: exchange.now))
        }
    }

    func check(_ outcome: Store.MemberChange) throws {
        switch outcome {
        case .done: break
        case .unknown: throw AccessProblem.notFound("There is no such member.")
        case .changed: throw AccessProblem.conflict("The roles were changed by somebody else at the same moment. Look at them again.")
        case .lastAdministrator:
            throw InvalidInput("Nobody would be left who may do everything in this account. Make somebody else an administrator first.")
        }
    }
}

extension Principal {
    /// A role is given by those alone who have all of it themselves; one that may do everything only by somebody who may, and not
    /// by a token that is limited. Such a token gives only roles of which the token itself allows every permission there is.
    /// - Parameter held: what the member has already: letting it stay gives nothing.
    func checkMayGive(
        _ roles: [Role], besides held: [Role] = [], in account: Identifier, of groups: [PermissionGroup]
    ) throws(AccessProblem) {
        for (index, role) in roles.enumerated() where !held.contains(role) && !mayGive(role, in: account, of: groups) {
            throw .exceeding(
                .init(pointer: "/roles/\(index)", text: "You may not do all that the role \(role.name) may, so you cannot give it."))
        }
    }

    func mayGive(_ role: Role, in account: Identifier, of groups: [PermissionGroup]) -> Bool {
        covers(role, in: account) && reaches(role, groups, in: account)
    }

    /// Those who may do everything are changed and removed by their like alone.
    func checkMayChange(_ roles: [Role], in account: Identifier) throws(AccessProblem) {
        if !mayChange(roles, in: account) {
            throw .forbidden("This member may do everything in the account. Only somebody who may too can change or remove them.")
        }
    }

    func mayChange(_ roles: [Role], in account: Identifier) -> Bool {
        roles.allSatisfy { !$0.allowsEverything || covers($0, in: account) }
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
