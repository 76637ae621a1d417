import Delegation
import HTTPTypes
import OAuth
import Storage

/// Why somebody does not get what they asked for. Pages and the management API say it in their own form.
enum AccessProblem: Error, Equatable {
    /// There is no such thing, or none that concerns whoever asks: strangers cannot tell the two apart.
    case notFound(String)
    case forbidden(String)
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
        let caller = try await requireCaller(exchange)
        let memberships = try await store.memberships(userID: caller.user.id)
        guard let authority = caller.authority else { return Principal(user: caller.user, memberships: memberships, reach: .everything) }
        return Principal(user: caller.user, memberships: memberships, reach: .authority(authority))
    }

    /// Whoever is signed in.
    func principal(_ session: SignedIn) async throws -> Principal {
        Principal(user: session.user, memberships: try await store.memberships(userID: session.userID), reach: .everything)
    }
}
