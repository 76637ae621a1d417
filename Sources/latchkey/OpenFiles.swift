#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many files and sockets this process may hold open, and how its connections share them.
enum OpenFiles {
    /// The default of --max-connections.
    static let usualConnections = 10_000

    /// For the database, for calls to others and for whatever else is no connection of a listener.
    private static let reserve = 256
    /// More than any server of this kind needs; a limit without end costs memory.
    private static let most: UInt64 = 1 << 20

    /// Raises the soft limit, which is for programs that use `select`, to the hard one.
    /// - Returns: how many files may be open.
    static func raise() -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        let wanted = min(UInt64(limit.rlim_max), most)
        if UInt64(limit.rlim_cur) < wanted {
            let before = limit.rlim_cur
            limit.rlim_cur = rlim_t(wanted)
            if setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
        }
        return Int(min(UInt64(limit.rlim_cur), most))
    }

    /// The connections of each listener where `wanted` are asked for and so many files may be open. Gateways hold few and long ones.
    static func share(_ files: Int, wanted: Int) -> (public: Int, internal: Int) {
        let free = max(files - min(reserve, files * 5 / 8), 8)
        return (min(wanted, free - free / 4), min(wanted, free / 4))
    }
}
