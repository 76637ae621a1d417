#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the system says of this process; each is nil where it does not say (it has no `/proc`).
struct ProcessFigures {
    let residentBytes: Int?
    let cpuSeconds: Double?
    let openFiles: Int?
    /// Epoch seconds.
    let startTime: Double?

    init() {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        residentBytes = Self.words("/proc/self/statm").flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * page }
        // The name of the program stands in parentheses and may hold spaces; the fields after it are counted from 3 (proc(5)).
        let fields = Self.text("/proc/self/stat").flatMap { $0.split(separator: ")").last?.split(separator: " ") } ?? []
        func field(_ number: Int) -> Double? { fields.count > number - 3 ? Double(fields[number - 3]) : nil }
        cpuSeconds = field(14).flatMap { user in field(15).map { (user + $0) / ticks } }
        openFiles = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        let boot = Self.text("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        startTime = boot.flatMap { boot in field(22).map { boot + $0 / ticks } }
    }

    private static func words(_ path: String) -> [Substring]? { text(path)?.split(separator: " ") }

    private static func text(_ path: String) -> String? {
        // Files of /proc say that they are empty, so they are read to their end.
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
