import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey audit …`
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read, export and verify the audit log.",
        discussion: "Works beside a running server, which seals new events every few seconds.",
        subcommands: [List.self, Verify.self, Export.self])

    /// Which events.
    struct Filter: ParsableArguments {
        @Option(help: "A kind such as client.updated, or all that begin with a word, such as client.") var kind: String?
        @Option(help: "The email address of whoever did it.") var actor: String?
        @Option(help: "The address that it was done from.") var address: String?
        @Option(help: "The id of the client that it concerns.") var client: String?
        @Option(help: "From this date or time on: 2026-11-24 or 2026-11-24T13:05:09Z.") var since: String?
        @Option(help: "Up to this date or time, which does not count.") var before: String?
        @Option(help: "The id of an account: only what its own log shows.") var account: String?

        func read(_ options: OperatorOptions, _ store: Store) async throws -> (account: Identifier?, filter: AuditFilter) {
            var filter = AuditFilter(kind: kind, address: address)
            filter.clientID = try client.map { try options.identifier($0, of: "client") }
            filter.since = try since.map(Self.time)
            filter.before = try before.map(Self.time)
            if let actor {
                guard let user = try await store.user(email: actor.lowercased()) else {
                    throw CommandFailure.notFound("\(actor): there is no such user.")
                }
                filter.actorID = user.id
            }
            let account = try self.account.map { try options.identifier($0, of: "account") }
            if let account, try await store.account(account) == nil {
                throw CommandFailure.notFound("\(account): there is no such account.")
            }
            return (account, filter)
        }

        private static func time(_ text: String) throws -> Int64 {
            guard let seconds = Timestamp.seconds(text) else {
                throw CommandFailure.usage("\(text): should be a date such as 2026-11-24 or a time such as 2026-11-24T13:05:09Z.")
            }
            return seconds
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List events, the newest first.")
        @OptionGroup var filter: Filter
        @Option(help: "How many at most.") var limit = 100
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            guard (1...10_000).contains(limit) else { throw CommandFailure.usage("--limit should be from 1 to 10000.") }
            let store = try await options.store()
            let (account, filter) = try await filter.read(options, store)
            options.list(
                try await AuditListing.rows(of: account, filter, limit: limit, in: store),
                columns: ["id", "when", "kind", "actor", "address", "client", "user"])
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write every event that fits to standard output, the newest first.")
        @OptionGroup var filter: Filter
        @Option(help: "csv or jsonl.") var format = "csv"
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            guard let form = AuditExport(rawValue: options.json ? "jsonl" : format) else {
                throw CommandFailure.usage("--format should be csv or jsonl.")
            }
            let store = try await options.store()
            let (account, filter) = try await filter.read(options, store)
            try await AuditExport.pieces(form, of: account, filter, in: store) { Output.raw($0) }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that no sealed event was changed, removed or added.",
            discussion: """
                Exit code 0: the chain holds. 1: it does not, and each break is listed. Note the newest seal that it prints somewhere \
                else: with --expect a later run also finds that the newest part was cut off, which nothing in the database can tell.
                """)
        @Option(help: "A seal that was noted before, as NUMBER:HASH.") var expect: String?
        @OptionGroup var masterKey: MasterKeyOption
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let result: AuditVerification
            do {
                let rings = KeyRings(masterKey: try masterKey.read(options))
                try await rings.reload(from: store)
                result = try await AuditVerification.run(store, rings, expecting: try expectedSeal())
            } catch let problem as KeyRings.Problem {
                throw CommandFailure.failed(problem.description)
            }
            Output.result(report(result), asJSON: options.json, text: text(result))
            if !result.holds { throw ExitCode(CommandFailure.Code.failed.rawValue) }
        }

        private func expectedSeal() throws -> (number: Int64, hash: String)? {
            guard let expect else { return nil }
            let parts = expect.split(separator: ":")
            guard parts.count == 2, let number = Int64(parts[0]), number > 0, parts[1].utf8.count == 64 else {
                throw CommandFailure.usage("--expect should be NUMBER:HASH, as `latchkey audit verify` prints the newest seal.")
            }
            return (number, String(parts[1]).lowercased())
        }

        private func report(_ result: AuditVerification) -> JSON {
            [
                "holds": .bool(result.holds), "seals": .integer(Int64(result.chain.sealCount)),
                "events": .integer(Int64(result.chain.eventCount)), "unsealed": .integer(result.unsealedCount),
                "unsealed_since": JSON(result.unsealedSince.map(Timestamp.text)),
                "newest_seal": JSON(result.chain.head.map { Self.name($0) }),
                "breaks": .array(breaks(result).map { ["kind": .string($0.kind), "text": .string($0.text)] }),
            ]
        }

        private func text(_ result: AuditVerification) -> String {
            var lines = [result.holds ? "The audit log is as it was written." : "THE AUDIT LOG WAS TAMPERED WITH."]
            lines += breaks(result).map { "  " + $0.text }
            lines.append("\(result.chain.eventCount) events under \(result.chain.sealCount) seals; \(result.unsealedCount) not sealed yet.")
            if let head = result.chain.head { lines.append("Newest seal: \(Self.name(head))") }
            return lines.joined(separator: "\n")
        }

        private static func name(_ head: SealHead) -> String { "\(head.number):\(head.hash.hexadecimal)" }

        private func breaks(_ result: AuditVerification) -> [(kind: String, text: String)] {
            var breaks = result.chain.breaks.map(\.described)
            if !result.hasExpectedSeal { breaks.append(("expected_seal_missing", "the seal \(expect ?? "") is not there as it was noted")) }
            return breaks
        }
    }
}

extension SealChain.Break {
    fileprivate var described: (kind: String, text: String) {
        switch self {
        case .sealsMissing(let numbers) where numbers.count == 1: ("seal_missing", "seal \(numbers.lowerBound) is missing")
        case .sealsMissing(let numbers): ("seal_missing", "seals \(numbers.lowerBound) to \(numbers.upperBound) are missing")
        case .sealChanged(let number): ("seal_changed", "seal \(number) was changed, or was not made by this server")
        case .eventChanged(let sequence, let seal): ("event_changed", "event \(sequence) under seal \(seal) was changed")
        case .eventMissing(let sequence, let seal): ("event_missing", "event \(sequence) under seal \(seal) is missing")
        case .eventInserted(let sequence, let seal): ("event_inserted", "event \(sequence) was put under seal \(seal) later")
        }
    }
}
