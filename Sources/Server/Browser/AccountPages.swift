import Delegation
import HTTPTypes
import Hummingbird
import OAuth

extension Deployment {
    /// The frame of a page of an account, with links to those of its pages that the principal may see.
    /// - Parameter current: the section that the page belongs to; nil for a page of none.
    func frame(_ session: SignedIn, managing account: Account, as principal: Principal, at current: AccountSection?) -> PageFrame {
        let links = sections(of: account, for: principal).map { section in
            AccountFrame.Link(name: section.name, url: url(section, of: account), isCurrent: section == current)
        }
        return PageFrame(
            platformName: settings.platformName, basePath: settings.issuer.path, signedInAs: session.user.email,
            account: AccountFrame(name: account.name, links: links))
    }

    func sections(of account: Account, for principal: Principal) -> [AccountSection] {
        AccountSection.allCases.filter { principal.may($0.permission, in: account.id) }
    }

    func url(_ section: AccountSection, of account: Account) -> String { url("/accounts/\(account.id)/\(section.path)") }
}

/// `/accounts`: where the user has a place; making accounts, naming them, leaving them.
struct AccountPages: Sendable {
    let deployment: Deployment

    func choose(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let hasLeft = (try? exchange.queryParameters().value("left")) == "1"
        return .page(.ok, list(session, try await deployment.principal(session), hasLeft: hasLeft).html)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let name = (try? form.value("name")) ?? ""
        do {
            let account = try await deployment.createAccount(named: name, by: principal, exchange)
            return .seeOther(deployment.url(.members, of: account) + "?created=1")
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return problem.response(list(session, principal, newName: name, problem: problem).html)
        }
    }

    private func list(
        _ session: SignedIn, _ principal: Principal, hasLeft: Bool = false, newName: String = "", problem: FormProblem? = nil
    ) -> AccountsPage {
        let entries = principal.memberships.sorted { $0.account.name < $1.account.name }.map { membership in
            AccountsPage.Entry(
                name: membership.account.name, monogram: Monogram.text(membership.account.name), roles: membership.roleNames,
                isSuspended: membership.account.isSuspended,
                links: deployment.sections(of: membership.account, for: principal).map {
                    AccountFrame.Link(name: $0.name, url: deployment.url($0, of: membership.account), isCurrent: false)
                }, leaveURL: deployment.leaveURL(membership.account))
        }
        return AccountsPage(
            frame: deployment.frame(session), action: deployment.url("/accounts"), csrf: session.formToken.text, accounts: entries,
            mayCreate: deployment.settings.accountCreation == .everyone, hasLeft: hasLeft, newName: newName,
            problem: problem?.texts.joined(separator: " "))
    }

    // MARK: Settings

    func settings(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        // Whoever may rename it; one that is suspended is shown all the same.
        guard let account = Identifier(exchange.captures[0]).flatMap(principal.membership(in:))?.account else {
            throw AccessProblem.notFound("There is no such account.")
        }
        if !principal.may(.manageAccount, in: account.id) { _ = try principal.require(.manageAccount, in: account.id) }
        let isSaved = (try? exchange.queryParameters().value("saved")) == "1"
        return .page(.ok, settings(account, account.name, session, principal, isSaved: isSaved).html)
    }

    func rename(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.manageAccount, in: exchange.captures[0])
        let name = (try? form.value("name")) ?? ""
        do {
            _ = try await deployment.rename(account, to: name, by: principal, exchange)
            return .seeOther(deployment.url(.settings, of: account) + "?saved=1")
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return problem.response(settings(account, name, session, principal, problem: problem).html)
        }
    }

    private func settings(
        _ account: Account, _ name: String, _ session: SignedIn, _ principal: Principal, isSaved: Bool = false, problem: FormProblem? = nil
    ) -> AccountSettingsPage {
        AccountSettingsPage(
            frame: deployment.frame(session, managing: account, as: principal, at: .settings),
            action: deployment.url(.settings, of: account), csrf: session.formToken.text, accountName: account.name,
            accountID: account.id.description, reference: account.reference, createdAt: ShownTime(account.createdAt),
            isSuspended: account.isSuspended, leaveURL: deployment.leaveURL(account), newName: name, isSaved: isSaved,
            problem: problem?.texts.joined(separator: " "))
    }

    // MARK: Leaving

    func askToLeave(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        return .page(.ok, try await leaving(try membership(exchange, principal), session, principal, exchange).html)
    }

    func leave(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let membership = try membership(exchange, principal)
        do {
            try await deployment.leave(membership, by: principal, exchange)
            return .seeOther(deployment.url("/accounts?left=1"))
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return problem.response(try await leaving(membership, session, principal, exchange, problem: problem).html)
        }
    }

    private func membership(_ exchange: Exchange, _ principal: Principal) throws -> Membership {
        guard let membership = Identifier(exchange.captures[0]).flatMap(principal.membership(in:)) else {
            throw AccessProblem.notFound("There is no such account.")
        }
        return membership
    }

    private func leaving(
        _ membership: Membership, _ session: SignedIn, _ principal: Principal, _ exchange: Exchange, problem: FormProblem? = nil
    ) async throws -> LeaveAccountPage {
        let account = membership.account
        let (count, names) = try await deployment.connections(of: session.userID, in: account, exchange)
        let administrators = try await deployment.members(of: account, now: exchange.now).filter(\.isAdministrator)
        let maySeeMembers = principal.may(.viewMembers, in: account.id)
        return LeaveAccountPage(
            frame: deployment.frame(session), action: deployment.leaveURL(account), csrf: session.formToken.text,
            accountName: account.name, roles: membership.roleNames, ending: Counted.text(count, "connected app"), appNames: names,
            moreApps: count > names.count ? "and \(count - names.count) more" : nil,
            isLastAdministrator: administrators.count == 1 && administrators[0].user?.id == session.userID,
            membersURL: maySeeMembers ? deployment.url(.members, of: account) : nil, problem: problem?.texts.joined(separator: " "))
    }
}

extension Deployment {
    func leaveURL(_ account: Account) -> String { url("/accounts/\(account.id)/leave") }
}

extension Membership {
    var roleNames: String { roles.isEmpty ? "no role" : roles.map(\.name).joined(separator: ", ") }
}

/// `3 connected apps`
enum Counted {
    /// nil for none.
    static func text(_ count: Int, _ noun: String) -> String? {
        count == 0 ? nil : count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
    }
}
