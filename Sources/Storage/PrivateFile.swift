#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A new, empty file that its owner alone may read.
///
/// Root works in directories of users who may put another file, or a link, in the place of any name at any moment: whose a file is
/// is changed through its descriptor alone.
public final class PrivateFile: Sendable {
    /// To write it with. Open as long as this value lives: until then no other file gets its number.
    public let descriptor: Int32
    private let path: String
    private let device: dev_t
    private let number: ino_t

    /// - Parameter isForOwnerOfDirectory: where root makes it, it belongs to whom its directory belongs to: a server that is not root.
    /// - Returns: nil where there is anything of that name, even a link to nothing, or where it cannot be made.
    /// - Throws: where it cannot be given away; then there is no file.
    public init?(_ path: String, isForOwnerOfDirectory: Bool) throws(StorageError) {
        let descriptor = open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0o600)
        if descriptor < 0 { return nil }
        var file = stat()
        guard fstat(descriptor, &file) == 0, !isForOwnerOfDirectory || Self.giveToOwnerOfDirectory(descriptor, path) else {
            close(descriptor)
            unlink(path)
            throw .unavailable("\(path) cannot be given to the owner of its directory")
        }
        (self.descriptor, self.path, device, number) = (descriptor, path, file.st_dev, file.st_ino)
    }

    deinit { close(descriptor) }

    /// Whether its name still leads to it.
    public var isInPlace: Bool {
        var found = stat()
        return lstat(path, &found) == 0 && found.st_dev == device && found.st_ino == number
    }

    private static func giveToOwnerOfDirectory(_ descriptor: Int32, _ path: String) -> Bool {
        guard geteuid() == 0 else { return true }
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        var directory = stat()
        guard stat(parent, &directory) == 0 else { return false }
        return directory.st_uid == 0 || fchown(descriptor, directory.st_uid, directory.st_gid) == 0
    }
}
