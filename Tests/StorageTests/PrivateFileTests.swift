import Foundation
import Storage
import Testing

@Suite("Files that their owner alone may read")
struct PrivateFileTests {
    @Test("nothing is made where there is a file or a link, wherever it leads")
    func taken() throws {
        let directory = try TemporaryDirectory()
        let (link, elsewhere, file) = (directory.path + "/link", directory.path + "/elsewhere", directory.path + "/file")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: elsewhere)
        #expect(try PrivateFile(link, isForOwnerOfDirectory: true) == nil)
        #expect(!FileManager.default.fileExists(atPath: elsewhere))
        _ = try #require(try PrivateFile(file, isForOwnerOfDirectory: true))
        #expect(try PrivateFile(file, isForOwnerOfDirectory: true) == nil)
    }

    @Test("what takes the place of one is noticed")
    func replaced() throws {
        let directory = try TemporaryDirectory()
        let (path, other) = (directory.path + "/file", directory.path + "/other")
        let made = try #require(try PrivateFile(path, isForOwnerOfDirectory: false))
        #expect(made.isInPlace)
        try FileManager.default.removeItem(atPath: path)
        #expect(!made.isInPlace)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
        #expect(!made.isInPlace)
    }
}
