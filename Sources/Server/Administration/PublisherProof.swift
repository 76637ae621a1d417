import Delegation
import OAuth
import Storage

/// What a change of a client's URL does to the proof of its host, for pages and the management API.
extension Deployment {
    /// Checks a URL before the client is changed.
    /// - Throws: `InvalidInput` where its host cannot be proven, or another one is proven already.
    func proofStep(forClient clientID: Identifier, uri: String?, now: Int64) async throws -> HostProof.Step {
        do {
            return try HostProof.step(from: try await store.proof(clientID: clientID), to: uri, random: random.identifier(), now: now)
        } catch let refusal as HostProof.Refusal {
            throw InvalidInput("client_uri: \(refusal)", pointer: "/client_uri")
        }
    }

    /// Does what `proofStep` said, once the client has the URL.
    func take(_ step: HostProof.Step, forClient clientID: Identifier, actor: Actor, now: Int64) async throws {
        switch step {
        case .keep: break
        case .forget: try await store.forgetProof(clientID: clientID)
        case .start(let proof): _ = try await store.startProof(proof, clientID: clientID, actor: actor, now: now)
        }
    }
}
