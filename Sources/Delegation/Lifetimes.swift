/// How long things live, in seconds.
public struct Lifetimes: Sendable, Equatable {
    /// An authorization code, from consent to the token endpoint.
    public var code: Int64
    public var access: Int64
    /// A refresh token that is not used.
    public var refreshIdle: Int64
    /// A token family, however often it is refreshed.
    public var refreshAbsolute: Int64
    /// How long the previous refresh token is still answered with its successor; 0 is strict.
    public var refreshGrace: Int64

    public init(
        code: Int64 = 60, access: Int64 = 1800, refreshIdle: Int64 = 30 * 86_400, refreshAbsolute: Int64 = 365 * 86_400,
        refreshGrace: Int64 = 60
    ) {
        self.code = code
        self.access = access
        self.refreshIdle = refreshIdle
        self.refreshAbsolute = refreshAbsolute
        self.refreshGrace = refreshGrace
    }

    /// The end of a family that begins now: the absolute lifetime or the end that the user chose, the earlier.
    public func familyEnd(startingAt now: Int64, grantEndsAt: Int64?) -> Int64 {
        min(now + refreshAbsolute, grantEndsAt ?? .max)
    }

    /// The end of a family that is not used again after now.
    public func idleEnd(usedAt now: Int64, familyEndsAt: Int64) -> Int64 {
        min(now + refreshIdle, familyEndsAt)
    }

    /// The lifetime of an access token issued now: never more than what is left of its family, or until an app policy takes away
    /// something that the token reaches; never negative.
    public func accessLifetime(familyEndsAt: Int64, policyEndsAt: Int64?, now: Int64) -> Int64 {
        max(0, min(access, familyEndsAt - now, (policyEndsAt ?? .max) - now))
    }

    /// Everything that is wrong with these values, one sentence each, named by what an operator sets.
    /// - Parameter isProduction: whether the safe minimums of a real server apply. A demo may go below them, so that
    ///   tests need not wait.
    public func problems(isProduction: Bool) -> [String] {
        let day: Int64 = 86_400
        var found: [String] = []
        func check(_ name: String, _ value: Int64, demo: ClosedRange<Int64>, production: ClosedRange<Int64>) {
            let range = isProduction ? production : demo
            guard !range.contains(value) else { return }
            found.append("\(name) is \(value) seconds; it must be from \(range.lowerBound) to \(range.upperBound).")
        }
        check("The code lifetime", code, demo: 1...600, production: 10...600)
        check("The access token lifetime", access, demo: 1...day, production: 60...day)
        check("The idle lifetime of refresh tokens", refreshIdle, demo: 1...(365 * day), production: 3600...(365 * day))
        check("The absolute lifetime of refresh tokens", refreshAbsolute, demo: 1...(3650 * day), production: 3600...(3650 * day))
        check("The refresh grace", refreshGrace, demo: 0...3600, production: 0...600)
        if found.isEmpty, refreshIdle < access {
            found.append("The idle lifetime of refresh tokens (\(refreshIdle) s) is shorter than an access token lives (\(access) s).")
        }
        if found.isEmpty, refreshAbsolute < refreshIdle {
            found.append("The absolute lifetime of refresh tokens (\(refreshAbsolute) s) is shorter than the idle one (\(refreshIdle) s).")
        }
        return found
    }
}
