import Delegation
import OAuth

/// The proofs of clients' hosts.
extension Store {
    public enum ProofSave: Sendable, Equatable {
        case saved
        /// What was checked is no longer what is looked for: it was started anew, decided or forgotten meanwhile.
        case superseded
    }

    /// A proof that whoever holds it is about to check; nobody else does so meanwhile.
    public struct ClaimedProof: Sendable, Equatable {
        public let clientID: Identifier
        public let proof: HostProof
    }

    /// What is known about the host of a client's URL; nil where there is none to prove.
    public func proof(clientID: Identifier) async throws -> HostProof? {
        try await read { db in
            try db.rows(
                """
                SELECT host, value, status, text, started_at, attempts, checked_at, next_check_at
                FROM client_proofs WHERE client_id = $1
                """, [Value(clientID)]
            ).first.flatMap { HostProof($0[...]) }
        }
    }

    /// Claims what is due, the longest waiting first.
    /// - Parameter until: when a claim that was not answered by `saveProof` ends by itself.
    public func proofsDue(now: Int64, limit: Int, until: Int64) async throws -> [ClaimedProof] {
        try await write { db in
            // The conditions stand twice: of two nodes that found the same rows, the second one finds them claimed.
            try db.rows(
                """
                UPDATE client_proofs SET claimed_until = $1
                WHERE client_id IN (
                        SELECT client_id FROM client_proofs WHERE next_check_at <= $2 AND COALESCE(claimed_until, 0) <= $2
                        ORDER BY next_check_at LIMIT $3)
                    AND next_check_at <= $2 AND COALESCE(claimed_until, 0) <= $2
                RETURNING client_id, host, value, status, text, started_at, attempts, checked_at, next_check_at
                """, [.integer(until), .integer(now), .integer(Int64(limit))]
            ).compactMap(ClaimedProof.init)
        }
    }

    /// Claims the proof of one client, due or not.
    /// - Parameter rest: how many seconds have to lie between two checks.
    /// - Returns: nil where it is final, was checked in these seconds or is being checked.
    public func claimProof(clientID: Identifier, now: Int64, until: Int64, rest: Int64 = 1) async throws -> ClaimedProof? {
        try await write { db in
            try db.rows(
                """
                UPDATE client_proofs SET claimed_until = $1
                WHERE client_id = $2 AND next_check_at IS NOT NULL AND COALESCE(claimed_until, 0) <= $3
                    AND COALESCE(checked_at, 0) <= $3 - $4
                RETURNING client_id, host, value, status, text, started_at, attempts, checked_at, next_check_at
                """, [.integer(until), Value(clientID), .integer(now), .integer(rest)]
            ).first.flatMap(ClaimedProof.init)
        }
    }

    /// Writes down what a check of a claimed proof came to, and ends the claim.
    public func saveProof(_ proof: HostProof, of claim: ClaimedProof, actor: Actor, now: Int64) async throws -> ProofSave {
        try await write { db in
            let count = try db.run(
                """
                UPDATE client_proofs SET status = $1, text = $2, attempts = $3, checked_at = $4, next_check_at = $5, claimed_until = NULL
                WHERE client_id = $6 AND value = $7 AND started_at = $8 AND attempts = $9 AND next_check_at IS NOT NULL
                """,
                [
                    .text(proof.status.rawValue), .text(proof.text), .integer(Int64(proof.attempts)), Value(proof.checkedAt),
                    Value(proof.nextCheckAt), Value(claim.clientID), .text(claim.proof.value), .integer(claim.proof.startedAt),
                    .integer(Int64(claim.proof.attempts)),
                ])
            if count == 0 { return .superseded }
            if proof.status.isFinal {
                let owner = try db.rows("SELECT account_id FROM clients WHERE id = $1", [Value(claim.clientID)]).first
                try db.record(
                    NewEvent(
                        kind: proof.status == .verified ? "client.host_verified" : "client.host_proof_failed", clientID: claim.clientID,
                        accountID: owner?[0].identifier, details: ["host": .string(proof.host.name)]), actor, at: now)
            }
            return .saved
        }
    }
}

extension Store.ClaimedProof {
    fileprivate init?(_ row: Row) {
        guard let id = row[0].identifier, let proof = HostProof(row.dropFirst()) else { return nil }
        self.init(clientID: id, proof: proof)
    }
}

extension HostProof {
    /// In the order of the table's columns.
    var values: [Value] {
        [
            .text(host.name), .text(value), .text(status.rawValue), .text(text), .integer(startedAt), .integer(Int64(attempts)),
            Value(checkedAt), Value(nextCheckAt),
        ]
    }

    init?(_ slice: ArraySlice<Value>) {
        let row = Array(slice)
        guard let name = row[0].text, let host = try? PublisherHost(name: name), let value = row[1].text,
            let status = row[2].text.flatMap(Status.init), let text = row[3].text, let startedAt = row[4].integer,
            let attempts = row[5].integer
        else { return nil }
        self.init(
            host: host, value: value, status: status, text: text, startedAt: startedAt, attempts: Int(attempts),
            checkedAt: row[6].integer, nextCheckAt: row[7].integer)
    }
}
