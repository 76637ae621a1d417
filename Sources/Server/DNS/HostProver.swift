import Delegation
import OAuth
import Storage

/// Looks in DNS for the records that prove the hosts of clients, each when it is due.
struct HostProver: Sendable {
    let deployment: Deployment

    /// How many are looked for at once.
    private static let breadth = 8
    /// Seconds after which another node takes over what this one has begun.
    private static let claimSeconds: Int64 = 60
    private static let actor = Actor(userID: nil, address: "")

    /// Checks everything that is due now.
    func checkDue() async throws {
        while !Task.isCancelled {
            let now = deployment.now()
            let due = try await deployment.store.proofsDue(now: now, limit: Self.breadth, until: now + Self.claimSeconds)
            if due.isEmpty { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for claim in due { group.addTask { try await check(claim, by: Self.actor) } }
                try await group.waitForAll()
            }
        }
    }

    /// Checks the proof of one client at once, due or not; one that is being checked already is left alone.
    /// - Parameter rest: how many seconds have to lie between two checks.
    /// - Returns: the proof as it stands afterwards; nil where the client has none.
    func checkNow(_ clientID: Identifier, rest: Int64 = 1, actor: Actor) async throws -> HostProof? {
        let now = deployment.now()
        let claim = try await deployment.store.claimProof(
            clientID: clientID, now: now, until: now + Self.claimSeconds, rest: rest)
        if let claim {
            try await check(claim, by: actor)
        }
        return try await deployment.store.proof(clientID: clientID)
    }

    private func check(_ claim: Store.ClaimedProof, by actor: Actor) async throws {
        let answer = await deployment.resolver.answer(for: claim.proof.host)
        // Nothing was seen; whoever runs next looks again.
        if Task.isCancelled { return }
        let now = deployment.now()
        let proof = claim.proof.checked(answer, now: now, pace: deployment.settings.proofPace)
        _ = try await deployment.store.saveProof(proof, of: claim, actor: actor, now: now)
    }
}
