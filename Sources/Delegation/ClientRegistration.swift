import OAuth

/// What somebody asks a client's registration to be (RFC 7591 §2), as it was sent. A member that was not sent is nil.
public struct ClientRegistration: Sendable, Equatable {
    public struct Problem: Sendable, Equatable {
        /// The member that is wrong (RFC 6901).
        public let pointer: String
        /// A whole sentence.
        public let text: String

        public init(pointer: String, text: String) {
            self.pointer = pointer
            self.text = text
        }
    }

    /// Everything that is wrong with a registration.
    public struct Problems: Error, Sendable, Equatable {
        public let all: [Problem]

        public init(all: [Problem]) { self.all = all }
    }

    /// A client after a change, and what becomes of the proof of its host.
    public struct Change: Sendable, Equatable {
        public let client: Client
        public let proof: HostProof.Step

        public init(client: Client, proof: HostProof.Step) {
            self.client = client
            self.proof = proof
        }
    }

    /// How many of each list's kind a client may have.
    public static let longestList = 100
    /// The most characters of a purpose.
    public static let longestPurpose = 200

    public var name: String?
    public var visibility: String?
    public var authenticationMethod: String?
    public var grantTypes: [String]?
    public var responseTypes: [String]?
    public var redirectURIs: [String]?
    public var postLogoutRedirectURIs: [String]?
    public var allowedCORSOrigins: [String]?
    public var scopes: [String]?
    public var optionalScopes: [String]?
    /// All of them: one that is not named is gone.
    public var purposes: [String: String]?
    /// Empty: none any more; so are the three below.
    public var clientURI: String?
    public var logoURI: String?
    public var policyURI: String?
    public var tosURI: String?
    public var idTokenAlgorithm: String?
    /// A JWK Set; null: none any more.
    public var keys: JSON?
    /// Members that were sent and could not be read.
    public var unreadable: [Problem] = []

    public init() {}

    /// The client that this registers.
    /// - Parameters:
    ///   - random: makes the value of the host's proof its own.
    ///   - now: epoch seconds.
    public func newClient(
        _ id: Identifier, accountID: Identifier, catalogue: Catalogue, random: Identifier, now: Int64
    ) throws(Problems) -> Change {
        let blank = Client(
            id: id, accountID: accountID, name: "", authenticationMethod: .basic, redirectURIs: [], scopes: [], createdAt: now,
            updatedAt: now)
        var check = ClientRegistrationCheck(self, of: blank, catalogue: catalogue)
        check.requireMembers()
        check.requireAll()
        if visibility != nil, visibility != Client.Visibility.private.rawValue {
            check.reject("/visibility", "A new client is private. It can become public once the host of its URL is proven.")
        }
        let proof = check.proofStep(from: nil, random: random, now: now)
        return Change(client: try check.result(), proof: proof)
    }

    /// What this makes of a registered client. What is the same afterwards as before counts as no change.
    public func change(
        _ registered: RegisteredClient, catalogue: Catalogue, random: Identifier, now: Int64
    ) throws(Problems) -> Change {
        var check = ClientRegistrationCheck(self, of: registered.client, catalogue: catalogue)
        check.requireAll()
        let proof = check.proofStep(from: registered.proof, random: random, now: now)
        check.setVisibility(registered, proof, now: now)
        var client = try check.result()
        if client != registered.client { client.updatedAt = now }
        return Change(client: client, proof: proof)
    }
}
