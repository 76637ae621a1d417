import OAuth

/// What DNS answered to a question for the TXT records of a name.
public enum TXTAnswer: Sendable, Equatable {
    /// Each record as one text, however many strings it was sent in.
    case records([String])
    case noSuchName
    /// The name is there, a TXT record is not.
    case noRecord
    /// No server gave an answer that can be used; the text says why.
    case serverFailed(String)
    case timeout
}

/// The proof that a client's publisher holds the host of the client's URL: a TXT record there, with a value of the client's own.
///
/// It is looked for at once, then after intervals that grow with the time that has passed, for two days.
public struct HostProof: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable {
        /// Not looked for yet.
        case pending
        /// Looked for and not found so far.
        case inProgress = "in_progress"
        case verified
        /// Not found in the time that it had.
        case failed

        /// Whether it is looked for no more.
        public var isFinal: Bool { self == .verified || self == .failed }
    }

    /// How often and for how long a record is looked for, in seconds.
    public struct Pace: Sendable, Equatable {
        public let shortest: Int64
        public let longest: Int64
        public let patience: Int64

        /// - Parameter shortest: the first interval; the longest is sixty times as long.
        public init(shortest: Int64 = 60) {
            self.shortest = shortest
            longest = 60 * shortest
            patience = 2 * 86_400
        }

        /// A record that has been waited for twice as long is looked for half as often.
        func next(after now: Int64, since start: Int64) -> Int64 { now + min(max(now - start, shortest), longest) }
    }

    public static let valuePrefix = "latchkey-client-publisher="

    public var host: PublisherHost
    /// The whole text of the record.
    public var value: String
    public var status: Status
    /// In plain words, what is waited for or what DNS has.
    public var text: String
    /// Epoch seconds, as all that follow.
    public var startedAt: Int64
    public var attempts: Int
    public var checkedAt: Int64?
    /// nil once it is final.
    public var nextCheckAt: Int64?

    public init(
        host: PublisherHost, value: String, status: Status, text: String, startedAt: Int64, attempts: Int, checkedAt: Int64?,
        nextCheckAt: Int64?
    ) {
        self.host = host
        self.value = value
        self.status = status
        self.text = text
        self.startedAt = startedAt
        self.attempts = attempts
        self.checkedAt = checkedAt
        self.nextCheckAt = nextCheckAt
    }

    /// A proof that begins now.
    /// - Parameter random: what makes the value the client's own.
    public init(host: PublisherHost, random: Identifier, now: Int64) {
        self.init(host: host, value: Self.valuePrefix + random.description, now: now)
    }

    private init(host: PublisherHost, value: String, now: Int64) {
        self.init(
            host: host, value: value, status: .pending, text: "DNS is about to be asked for a TXT record at \(host).", startedAt: now,
            attempts: 0, checkedAt: nil, nextCheckAt: now)
    }

    /// The same proof, looked for again from the start. The value stays, so that a record that was made stays good.
    public func restarted(now: Int64) -> HostProof { HostProof(host: host, value: value, now: now) }

    /// Whether this proves the host of that URL.
    public func proves(_ uri: String?) -> Bool {
        guard status == .verified, let uri, let host = try? PublisherHost(of: uri) else { return false }
        return host == self.host
    }

    /// What this becomes with an answer that arrived now. A final proof stays as it is.
    public func checked(_ answer: TXTAnswer, now: Int64, pace: Pace) -> HostProof {
        if status.isFinal { return self }
        var proof = self
        proof.attempts += 1
        proof.checkedAt = now
        proof.text = describe(answer)
        if isProven(by: answer) {
            proof.status = .verified
            proof.nextCheckAt = nil
        } else if now - startedAt >= pace.patience {
            proof.status = .failed
            proof.nextCheckAt = nil
            proof.text += " It was looked for \(proof.attempts) times and is no longer. Save the client's URL again to start anew."
        } else {
            proof.status = .inProgress
            proof.nextCheckAt = min(pace.next(after: now, since: startedAt), startedAt + pace.patience)
        }
        return proof
    }

    private func isProven(by answer: TXTAnswer) -> Bool {
        guard case .records(let records) = answer else { return false }
        return records.contains { Self.trimmed($0) == value }
    }
}

/// What a change of a client's URL means for its proof.
extension HostProof {
    public enum Step: Sendable, Equatable {
        /// Nothing changes.
        case keep
        case start(HostProof)
        /// The client has no URL any more.
        case forget
    }

    /// Why a client's URL cannot become the one that was asked for.
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case host(PublisherHost.Problem)
        /// The host is proven.
        case frozen(PublisherHost)

        public var description: String {
            switch self {
            case .host(let problem): problem.description
            case .frozen(let host): "The host \(host) is proven and stays; only what follows it in the URL can change."
            }
        }
    }

    /// - Parameters:
    ///   - proof: the client's proof so far.
    ///   - uri: the URL that was sent; the same one as before starts an unfinished or failed proof anew.
    ///   - random: makes a new value its own.
    public static func step(
        from proof: HostProof?, to uri: String?, random: Identifier, now: Int64
    ) throws(Refusal) -> Step {
        guard let uri else {
            guard let proof else { return .keep }
            if proof.status == .verified { throw .frozen(proof.host) }
            return .forget
        }
        let host: PublisherHost
        do {
            host = try PublisherHost(of: uri)
        } catch {
            throw .host(error)
        }
        guard let proof else { return .start(HostProof(host: host, random: random, now: now)) }
        if proof.status == .verified {
            if proof.host != host { throw .frozen(proof.host) }
            return .keep
        }
        return .start(proof.host == host ? proof.restarted(now: now) : HostProof(host: host, random: random, now: now))
    }
}

/// What is said about an answer.
extension HostProof {
    private func describe(_ answer: TXTAnswer) -> String {
        switch answer {
        case .records(let records): isProven(by: answer) ? "DNS has the TXT record at \(host)." : describe(others: records)
        case .noSuchName: "DNS knows no name \(host)."
        case .noRecord: "DNS has no TXT record at \(host)."
        case .serverFailed(let reason): "DNS gave no answer for \(host): \(reason)."
        case .timeout: "DNS gave no answer for \(host) in time."
        }
    }

    private func describe(others records: [String]) -> String {
        if let similar = records.first(where: { $0.contains(Self.valuePrefix) }) {
            return "DNS has another value at \(host): \(Self.shown(similar))."
        }
        let shown = records.prefix(3).map(Self.shown).joined(separator: ", ")
        let count = records.count == 1 ? "one TXT record" : "\(records.count) TXT records"
        return "DNS has \(count) at \(host), but not the one that is looked for: \(shown)\(records.count > 3 ? ", …" : "")."
    }

    /// A record as it can be shown: anybody may have written it.
    private static func shown(_ record: String) -> String {
        let visible = record.unicodeScalars.prefix(80).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        return "\"\(String(visible))\(record.unicodeScalars.count > 80 ? "…" : "")\""
    }

    private static func trimmed(_ record: String) -> Substring {
        var text = record[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
