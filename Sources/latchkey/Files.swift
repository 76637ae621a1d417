import Storage

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

/// Putting a file in its place so that a power cut leaves the old one or the new one whole.
enum Files {
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// All that is in a file; nil where it cannot be read or is over 256 MiB.
    static func bytes(_ path: String) -> [UInt8]? { fopen(path, "r").flatMap(bytes(of:)) }

    /// Likewise of what comes on standard input.
    static func standardInput() -> [UInt8]? { fdopen(dup(STDIN_FILENO), "r").flatMap(bytes(of:)) }

    private static func bytes(of input: UnsafeMutablePointer<FILE>) -> [UInt8]? {
        defer { fclose(input) }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&part, 1, part.count, input), count > 0 {
            if all.count + count > 256 << 20 { return nil }
            all += part[..<count]
        }
        return ferror(input) == 0 ? all : nil
    }

    /// Makes an empty file that its owner alone may read; what was there is removed.
    /// - Parameter isForOwnerOfDirectory: for a server that runs as another user than this command.
    /// - Returns: what tells later whether another file took its place.
    @discardableResult
    static func makePrivate(_ path: String, isForOwnerOfDirectory: Bool = false) throws(CommandFailure) -> PrivateFile {
        unlink(path)
        do {
            if let file = try PrivateFile(path, isForOwnerOfDirectory: isForOwnerOfDirectory) { return file }
        } catch {
            throw .failed("\(error).")
        }
        throw .failed("\(path): cannot be written.")
    }

    /// Copies the bytes of one file to a new one that its owner alone may read.
    static func copy(_ source: String, to target: String) throws(CommandFailure) {
        guard let input = fopen(source, "r") else { throw .failed("\(source): cannot be read.") }
        defer { fclose(input) }
        // By its descriptor: the name may lead elsewhere by now.
        let file = try makePrivate(target)
        guard let output = fdopen(dup(file.descriptor), "w") else { throw .failed("\(target): cannot be written.") }
        var part = [UInt8](repeating: 0, count: 1 << 20)
        var isWhole = true
        while isWhole, case let count = fread(&part, 1, part.count, input), count > 0 {
            isWhole = fwrite(part, 1, count, output) == count
        }
        isWhole = isWhole && ferror(input) == 0
        if fclose(output) != 0 || !isWhole { throw .failed("\(target): cannot be written; is the disk full?") }
    }

    /// Gives a file another name in the same directory, durably.
    /// - Parameter replacing: whether a file of that name goes; without it, it stays and this fails.
    static func move(_ source: String, to target: String, replacing: Bool) throws(CommandFailure) {
        try synchronize(source)
        if replacing {
            if rename(source, target) != 0 { throw .failed("\(target): cannot be written.") }
        } else {
            // A link, and not a rename: it fails where another process was faster.
            if link(source, target) != 0 { throw .failed("\(target): is there already.") }
            unlink(source)
        }
        try synchronize(directory(of: target))
    }

    static func remove(_ path: String) { unlink(path) }

    static func size(_ path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// Bytes that are free for this process on the disk of a path, and of how many; nil where the system does not say.
    static func space(at path: String) -> (free: Int64, total: Int64)? {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return nil }
        let block = Int64(information.f_frsize)
        return (Int64(information.f_bavail) * block, Int64(information.f_blocks) * block)
    }

    /// The permission bits of a file.
    static func mode(_ path: String) -> UInt32? {
        var information = stat()
        return stat(path, &information) == 0 ? UInt32(information.st_mode) & 0o777 : nil
    }

    private static func synchronize(_ path: String) throws(CommandFailure) {
        let descriptor = open(path, O_RDONLY)
        if descriptor < 0 { throw .failed("\(path): cannot be read.") }
        let isDone = fsync(descriptor) == 0
        close(descriptor)
        if !isDone { throw .failed("\(path): cannot be written; is the disk full?") }
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
