#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Signals that arrive before the server is there to stop gracefully.
enum EarlySignals {
    /// Until the server takes the signals over, a supervisor's stop ends the process as a graceful one does.
    /// Nothing is lost: what was committed is on the disk.
    static func exitQuietly() {
        signal(SIGTERM) { _ in _exit(0) }
        signal(SIGINT) { _ in _exit(0) }
    }
}
