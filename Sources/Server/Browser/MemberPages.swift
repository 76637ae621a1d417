import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/members`: who is in an account, inviting, changing, removing.
struct MemberPages: Sendable {
    let deployment: Deployment

    private static let perPage = 50

    private struct Reader {
        let session: SignedIn
        let principal: Principal
        let account: Account
        let roles: [Role]

        var canManage: Bool { principal.may(.manageMembers, in: account.id) && !account.isSuspended }
    }

    /// What somebody filled in.
    private struct Filled {
        var email = ""
        var roleIDs: [String] = []
        var problem: FormProblem?
    }

    // MARK: The list

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let reader = try await reader(session, .viewMembers, exchange)
        return try await list(reader, Filled(), exchange)
    }

    func invite(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let reader = try await reader(session, .manageMembers, exchange)
        var filled = Filled(email: ((try? form.value("email")) ?? "").trimmed, roleIDs: form.all("role"))
        do {
            guard let email = EmailAddress.checked(filled.email) else { throw InvalidInput("This is no email address.", pointer: "/email") }
            _ = try await deployment.invite(
                email, roles: try roles(filled.roleIDs, reader), to: reader.account, by: reader.principal, exchange)
            return .seeOther(deployment.url(.members, of: reader.account) + "?invited=1")
        } catch {
            filled.problem = FormProblem(error)
            if filled.problem == nil { throw error }
            return try await list(reader, filled, exchange)
        }
    }

    private func list(_ reader: Reader, _ filled: Filled, _ exchange: Exchange) async throws -> Response {
        let query = try exchange.queryParameters()
        let everybody = try await deployment.members(of: reader.account, now: exchange.now)
        let pages = max(1, (everybody.count + Self.perPage - 1) / Self.perPage)
        let page = min(max(1, (try? query.value("page")).flatMap { Int($0) } ?? 1), pages)
        let shown = PageRequest.slice(everybody, page: page, perPage: Self.perPage)
        let (first, url) = ((page - 1) * Self.perPage, deployment.url(.members, of: reader.account))
        let shownPage = MembersPage(
            frame: frame(reader), accountName: reader.account.name, action: url, csrf: reader.session.formToken.text,
            canManage: reader.canManage, canInvite: deployment.settings.mail.isOpen, note: note(query),
            members: shown.map { entry($0, reader) },
            range: pages > 1 ? "\(first + 1) to \(first + shown.count) of \(everybody.count)" : nil,
            previousURL: page > 1 ? url + "?page=\(page - 1)" : nil, nextURL: page < pages ? url + "?page=\(page + 1)" : nil,
            newEmail: filled.email, roles: choices(filled.roleIDs, held: [], reader), problems: filled.problem?.texts ?? [])
        return .page(shownPage.html, filled.problem)
    }

    private func note(_ query: Parameters) -> String? {
        let notes = [
            ("created", "The account is made, and you may do everything in it. Invite whoever works with you."),
            ("invited", "The invitation is on its way."), ("canceled", "The invitation is canceled; its link leads nowhere."),
            ("removed", "The member is removed."),
        ]
        return notes.first { (try? query.value($0.0)) == "1" }?.1
    }

    private func entry(_ member: AccountMember, _ reader: Reader) -> MembersPage.Entry {
        let name = member.user?.name ?? member.email
        return MembersPage.Entry(
            url: url(member, reader), name: name, monogram: Monogram.text(name), email: name == member.email ? nil : member.email,
            roleNames: member.roleNames, sinceWord: member.sinceWord, since: ShownTime(member.since),
            isYou: member.user?.id == reader.session.userID, isPending: member.user == nil, isDisabled: member.user?.isDisabled == true)
    }

    // MARK: One member

    func show(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let reader = try await reader(session, .viewMembers, exchange)
        let member = try await deployment.member(exchange.captures[1], of: reader.account, now: exchange.now)
        return try await page(member, reader, nil, exchange)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let reader = try await reader(session, .manageMembers, exchange)
        let member = try await deployment.member(exchange.captures[1], of: reader.account, now: exchange.now)
        let (account, principal) = (reader.account, reader.principal)
        let list = deployment.url(.members, of: account)
        var filled: Filled?
        do {
            switch (try? form.value("action"), member) {
            case ("roles", _):
                filled = Filled(roleIDs: form.all("role"))
                try await deployment.setRoles(try roles(form.all("role"), reader), of: member, in: account, by: principal, exchange)
                // Whoever took the permission from themselves sees what is left to them.
                let maySee = try await deployment.principal(session).may(.viewMembers, in: account.id)
                return .seeOther(maySee ? url(member, reader) + "?saved=1" : deployment.url("/accounts"))
            case ("resend", .pending(let invitation)):
                _ = try await deployment.invite(
                    invitation.email, roles: invitation.roles, to: account, by: principal, exchange)
                return .seeOther(url(member, reader) + "?sent=1")
            case ("cancel", .pending):
                try await deployment.remove(member, from: account, by: principal, exchange)
                return .seeOther(list + "?canceled=1")
            case ("remove", .accepted):
                try await deployment.remove(member, from: account, by: principal, exchange)
                return .seeOther(member.user?.id == session.userID ? deployment.url("/accounts?left=1") : list + "?removed=1")
            default: throw PageProblem(title: "Choose what to change", explanation: "Nothing was chosen, so nothing was changed.")
            }
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return try await page(member, reader, Filled(roleIDs: filled?.roleIDs ?? member.roleIDs, problem: problem), exchange)
        }
    }

    private func page(
        _ member: AccountMember, _ reader: Reader, _ filled: Filled?, _ exchange: Exchange
    ) async throws -> Response {
        let (account, principal, query) = (reader.account, reader.principal, try exchange.queryParameters())
        let mayChange = principal.mayChange(member.roles, in: account.id)
        let name = member.user?.name ?? member.email
        var ending: String?
        if let user = member.user {
            ending = Counted.text(try await deployment.connections(of: user.id, in: account, exchange).count, "connected app")
        }
        var (note, expiresAt): (String?, ShownTime?) = (nil, nil)
        if (try? query.value("saved")) == "1" { note = "The roles are saved and in force." }
        if (try? query.value("sent")) == "1" { note = "A new link is on its way; the one before leads nowhere." }
        if case .pending(let invitation) = member { expiresAt = ShownTime(invitation.expiresAt) }
        let page = MemberPage(
            frame: frame(reader), accountName: account.name, action: url(member, reader), csrf: reader.session.formToken.text,
            listURL: deployment.url(.members, of: account), memberName: name, email: member.email, monogram: Monogram.text(name),
            isPending: member.user == nil, isDisabled: member.user?.isDisabled == true, sinceWord: member.sinceWord,
            since: ShownTime(member.since), expiresAt: expiresAt,
            roles: choices(filled?.roleIDs ?? member.roleIDs, held: member.roleIDs, reader),
            roleNames: member.roleNames, canChange: reader.canManage && mayChange, isAboveYou: reader.canManage && !mayChange,
            isYou: member.user?.id == reader.session.userID, leaveURL: deployment.leaveURL(account), ending: ending,
            note: filled == nil ? note : nil, problems: filled?.problem?.texts ?? [], title: name)
        return .page(page.html, filled?.problem)
    }

    // MARK: What both share

    private func reader(_ session: SignedIn, _ permission: Permission, _ exchange: Exchange) async throws -> Reader {
        let principal = try await deployment.principal(session)
        let account = try principal.require(permission, in: exchange.captures[0])
        return Reader(session: session, principal: principal, account: account, roles: try await deployment.store.roles())
    }

    private func frame(_ reader: Reader) -> PageFrame {
        deployment.frame(reader.session, managing: reader.account, as: reader.principal, at: .members)
    }

    private func url(_ member: AccountMember, _ reader: Reader) -> String {
        deployment.url(.members, of: reader.account) + "/\(member.id)"
    }

    private func roles(_ ids: [String], _ reader: Reader) throws(InvalidInput) -> [Role] {
        if ids.isEmpty { throw InvalidInput("Choose at least one role.", pointer: "/roles") }
        return try Set(ids).map { id throws(InvalidInput) in
            guard let role = reader.roles.first(where: { $0.id.description == id }) else {
                throw InvalidInput("There is no such role.", pointer: "/roles")
            }
            return role
        }.sorted { $0.name < $1.name }
    }

    /// - Parameter held: roles that the member has: they can be kept and taken away by somebody who could not give them.
    private func choices(_ chosen: [String], held: [String], _ reader: Reader) -> [RoleChoice] {
        let (catalogue, groups) = (deployment.catalogue.current.catalogue, deployment.permissionGroups)
        return reader.roles.map { role in
            let id = role.id.description
            let mayGive = reader.principal.mayGive(role, in: reader.account.id, of: groups)
            return RoleChoice(
                id: id, name: role.name, words: role.words(catalogue), isChosen: chosen.contains(id),
                isBarred: !mayGive && !held.contains(id),
                caution: mayGive
                    ? nil : "You \(held.contains(id) ? "could not give it back" : "cannot give it"): it may do more than you.")
        }
    }
}

extension AccountMember {
    fileprivate var roleIDs: [String] { roles.map(\.id.description) }
    fileprivate var roleNames: String { roles.isEmpty ? "no role" : roles.map(\.name).joined(separator: ", ") }
    fileprivate var sinceWord: String { user == nil ? "invited" : "member since" }
    fileprivate var since: Int64 {
        switch self {
        case .accepted(_, _, _, let since): since
        case .pending(let invitation): invitation.createdAt
        }
    }
}
