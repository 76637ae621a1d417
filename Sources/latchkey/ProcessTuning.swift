import CSQLite

#if canImport(Glibc)
    import CMalloc
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is set once for the whole process, before anything else runs.
enum ProcessTuning {
    static func apply() {
        // A write past a limit of file sizes fails like one on a full disk, instead of ending the process.
        signal(SIGXFSZ, SIG_IGN)
        // Nobody asks SQLite how much memory it has, and counting it takes a lock that all connections share.
        _ = latchkey_sqlite_leaves_memory_uncounted()
        #if canImport(Glibc)
            // A password hash takes and frees 16 MiB at once; without this glibc would keep such blocks for good.
            mallopt(M_MMAP_THRESHOLD, 1 << 20)
            // By default glibc has eight arenas for each core, and memory freed in one of them is lost to the others.
            mallopt(M_ARENA_MAX, 2)
            // Some long answers at once must not have the heap shrink and grow with each.
            mallopt(M_TRIM_THRESHOLD, 4 << 20)
        #endif
    }
}
