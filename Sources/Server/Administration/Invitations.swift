import Delegation
import OAuth
import Storage

/// Asking somebody to join an account. Nobody is made a member without their own yes, whether they are a user already or not, and so
/// the answer tells nobody which of the two they are.
extension Deployment {
    /// Seconds for which an invitation can be accepted.
    static let invitationLifetime: Int64 = 7 * 86_400

    /// Asks again where the person was asked before: with these roles, and by a new link. That changes the invitation, so it takes
    /// what changing it takes.
    func invite(_ email: String, roles: [Role], to account: Account, by principal: Principal, _ exchange: Exchange) async throws
        -> Invitation
    {
        try principal.checkMayGive(roles, in: account.id, of: permissionGroups)
        guard settings.mail.isOpen else {
            throw AccessProblem.conflict(
                "This server sends no mail, so nobody can be invited. Its operator can change that: --mail-command.")
        }
        let before = try await store.invitation(to: account.id, email: email, now: exchange.now)
        if let before { try principal.checkMayChange(before.roles, in: account.id) }
        let secret = random.token()
        let asked = Invitation(
            id: random.identifier(), accountID: account.id, email: email, roles: roles.sorted { $0.name < $1.name },
            createdAt: exchange.now, expiresAt: exchange.now + Self.invitationLifetime)
        let outcome = try await store.invite(
            asked, replacing: before, hash: Credential.hash(secret), actor: principal.actor(exchange), now: exchange.now)
        let id = try invited(outcome, email)
        settings.mail.send(mail(asked, account, secret), log: log)
        return Invitation(
            id: id, accountID: account.id, email: email, roles: asked.roles, createdAt: asked.createdAt, expiresAt: asked.expiresAt)
    }

    private func invited(_ outcome: Store.InviteOutcome, _ email: String) throws -> Identifier {
        switch outcome {
        case .invited(let id): return id
        case .member: throw AccessProblem.conflict("\(email) is a member of this account already.")
        case .changed: throw AccessProblem.conflict("The invitation was changed by somebody else at the same moment. Look at it again.")
        case .full:
            throw InvalidInput(
                "\(Store.mostInvitations) invitations of this account are waiting, and that is the most. Cancel one that is not needed.")
        case .tooOften(let seconds):
            throw AccessProblem.tooOften(
                "No more invitations to this address, or from you, for now: at most \(Store.mostMailsToOne) a day go to one address and "
                    + "\(Store.mostMailsFromOne) come from one person.", retryAfter: seconds)
        }
    }

    private func mail(_ invitation: Invitation, _ account: Account, _ secret: String) -> Mail {
        let link = url("/invitations/" + secret)
        return Mail(
            recipient: invitation.email, subject: "Invitation to join an account",
            text: """
                You are invited to join the account "\(account.name)" at \(settings.platformName) as \(invitation.roles.map(\.name).joined(separator: ", ")).

                To accept, open this link within seven days:

                \(link)

                If you did not expect this, do nothing.
                """, link: link)
    }
}
