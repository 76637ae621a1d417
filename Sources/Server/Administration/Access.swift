import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// Why somebody does not get what they asked for. Pages and the management API say it in their own form.
enum AccessProblem: Error, Equatable {
    /// There is no such thing, or none that concerns whoever asks: strangers cannot tell the two apart.
    case notFound(String)
    case forbidden(String)
    /// What somebody wants to give away is more than they have themselves.
    case exceeding(InvalidInput.Problem)
    /// It does not go together with what is there.
    case conflict(String)
    /// It was done so often that it has to wait; in seconds.
    case tooOften(String, retryAfter: Int64)
}

/// Everything that is wrong with what somebody sent, by the member that is wrong.
struct InvalidInput: Error, Equatable {
    struct Problem: Equatable {
        /// RFC 6901; empty for the whole.
        let pointer: String
        /// A whole sentence.
        let text: String
    }

    var problems: [Problem]

    init(_ problems: [Problem]) { self.problems = problems }
    init(_ text: String, pointer: String = "") { problems = [Problem(pointer: pointer, text: text)] }
}

extension Principal {
    /// The account, where this may be done there.
    /// - Throws: `AccessProblem`: not found for somebody without a place in it, forbidden for a member whose role or
    ///   credential does not allow it.
    func require(_ permission: Permission, in accountID: Identifier) throws(AccessProblem) -> Account {
        guard let membership = membership(in: accountID) else { throw .notFound("There is no such account.") }
        guard membership.allows(permission.rawValue) else {
            throw .forbidden("Your role in this account does not allow this. It takes the permission \(permission.rawValue).")
        }
        guard may(permission, in: accountID) else {
            throw .forbidden("This token does not allow this. It takes the permission \(permission.rawValue).")
        }
        if membership.account.isSuspended, !permission.isView {
            throw .forbidden("The account is suspended. It can be looked at, not changed.")
        }
        return membership.account
    }

    /// The same, for an account as a path names it.
    func require(_ permission: Permission, in account: Substring) throws(AccessProblem) -> Account {
        guard let id = Identifier(String(account)) else { throw .notFound("There is no such account.") }
        return try require(permission, in: id)
    }

    /// The user, where this may be done with the user's own things.
    func require(_ permission: UserPermission) throws(AccessProblem) -> User {
        if mayAsUser(permission), let user { return user }
        guard user != nil else { throw .forbidden("This token belongs to an account, not to a user.") }
        if clientID != nil { throw .forbidden("An app's access token cannot do this. Use an API token.") }
        throw .forbidden("This token does not allow this. It takes the permission \(permission.rawValue).")
    }

    /// Who acts, for the events.
    func actor(_ exchange: Exchange) -> Actor {
        exchange.actor(user?.id, tokenID: tokenID, clientID: clientID)
    }
}

extension Exchange {
    /// Whoever sent the request, for the events.
    func actor(_ userID: Identifier?, tokenID: Identifier? = nil, clientID: Identifier? = nil) -> Actor {
        Actor(userID: userID, tokenID: tokenID, clientID: clientID, address: address, userAgent: userAgent)
    }
}

extension Deployment {
    /// Whoever calls the management API, by API token or access token.
    func requirePrincipal(_ exchange: Exchange) async throws -> Principal {
        if case .token(let text) = BearerToken.read(exchange.request.headers[values: .authorization]),
            Credential.isWellFormed(text, prefix: .apiToken)
        {
            return try await principal(apiToken: text, exchange)
        }
        let (standing, authority) = try await requireAuthority(exchange, refusal: Deployment.envelopeRefusal)
        return Principal(user: standing.user, memberships: standing.memberships, reach: .authority(authority))
    }

    /// The user behind the caller, who may do this with the user's own things.
    func requireUser(_ permission: UserPermission, _ exchange: Exchange) async throws -> (user: User, principal: Principal) {
        let principal = try await requirePrincipal(exchange)
        return (try principal.require(permission), principal)
    }

    /// What an API token says now: it is read anew for each request, so that every change acts at once.
    private func principal(apiToken text: String, _ exchange: Exchange) async throws -> Principal {
        guard let presented = try await store.apiToken(hash: Credential.hash(text)), presented.user?.isDisabled != true else {
            throw unauthorized("The API token is unknown.")
        }
        do {
            try presented.token.check(address: exchange.address, now: exchange.now)
        } catch {
            switch error {
            case .disabled: throw unauthorized("The API token is disabled.")
            case .expired: throw unauthorized("The API token has expired.")
            case .notYet: throw unauthorized("The API token is not valid yet.")
            case .address: throw EnvelopeError.forbidden("The API token cannot be used from \(exchange.address).")
            }
        }
        uses.record(apiToken: presented.token.id, at: exchange.now, address: exchange.address)
        return Principal(
            user: presented.user, token: presented.token, memberships: presented.memberships, reach: presented.token.reach)
    }

    private func unauthorized(_ description: String) -> EnvelopeError {
        .unauthorized(description, challenge: challenge(error: "invalid_token", description: description))
    }

    /// Whoever is signed in.
    func principal(_ session: SignedIn) async throws -> Principal {
        Principal(user: session.user, memberships: try await store.memberships(userID: session.userID), reach: .everything)
    }
}
