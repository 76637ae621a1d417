import OAuth

/// How many would feel that a client stops, counted before it is done.
public struct ClientConsequences: Sendable, Equatable {
    /// What is in force of a client, as numbers.
    public struct Reach: Sendable, Equatable {
        public let users: Int
        /// Those that the authorizations reach.
        public let accounts: Int
        public let authorizations: Int
        public let installations: Int

        public init(users: Int, accounts: Int, authorizations: Int, installations: Int) {
            self.users = users
            self.accounts = accounts
            self.authorizations = authorizations
            self.installations = installations
        }

        public var json: JSON {
            [
                "users": .integer(Int64(users)), "accounts": .integer(Int64(accounts)), "authorizations": .integer(Int64(authorizations)),
                "installations": .integer(Int64(installations)),
            ]
        }
    }

    /// Everything: it ends when the client is deleted and pauses while it is frozen.
    public let all: Reach
    /// What people granted who are no members of the account that owns the client: it ends when the client becomes private.
    public let outside: Reach
    /// How often the client was used in the last 24 hours; nil where nobody counts.
    public var callsLastDay: Int64?

    public init(all: Reach, outside: Reach, callsLastDay: Int64? = nil) {
        self.all = all
        self.outside = outside
        self.callsLastDay = callsLastDay
    }

    /// As the management API answers.
    public var json: JSON {
        ["delete": all.json, "freeze": all.json, "private": outside.json, "calls_last_day": JSON(callsLastDay)]
    }
}
