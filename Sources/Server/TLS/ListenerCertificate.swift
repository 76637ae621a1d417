import Crypto
import NIOSSL
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The certificate of the public listener with its chain and key, as two PEM files hold them. They are read again when they change;
/// what cannot be used changes nothing.
public final class ListenerCertificate: Sendable {
    /// Why the files cannot be used, in a sentence that says which.
    public struct Problem: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Loaded {
        let context: NIOSSLContext
        let expiresAt: Int64
        let digest: SHA256.Digest
    }

    private struct State {
        var loaded: Loaded
        /// What was found unusable last, so that it is said once.
        var refused: SHA256.Digest?
    }

    private let certificatePath: String
    private let keyPath: String
    private let state: Mutex<State>

    private static let limit = 1024 * 1024

    /// - Parameters:
    ///   - certificate: the path of the server's certificate, those that signed it after it.
    ///   - key: the path of its private key, without a passphrase.
    public init(certificate: String, key: String) throws(Problem) {
        certificatePath = certificate
        keyPath = key
        let files = try Self.read(certificate, key)
        state = Mutex(State(loaded: try Self.load(files, certificate, key)))
    }

    /// For the next connection.
    var context: NIOSSLContext { state.withLock { $0.loaded.context } }

    /// The end of the certificate, in epoch seconds.
    public var expiresAt: Int64 { state.withLock { $0.loaded.expiresAt } }

    /// Takes what the files hold now. Connections that are open stay as they are.
    /// - Returns: whether it is something new.
    /// - Throws: `Problem` where it cannot be used; once only for the same bytes, unless `repeating`.
    func reload(repeating: Bool = false) throws(Problem) -> Bool {
        let files: Files
        do {
            files = try Self.read(certificatePath, keyPath)
        } catch {
            try refuse(SHA256.hash(data: Array(error.description.utf8)), error, repeating)
            return false
        }
        if state.withLock({ $0.loaded.digest == files.digest }) {
            state.withLock { $0.refused = nil }
            return false
        }
        do {
            let loaded = try Self.load(files, certificatePath, keyPath)
            state.withLock { $0 = State(loaded: loaded) }
            return true
        } catch {
            try refuse(files.digest, error, repeating)
            return false
        }
    }

    private func refuse(_ digest: SHA256.Digest, _ problem: Problem, _ repeating: Bool) throws(Problem) {
        let isNew = state.withLock { state in
            defer { state.refused = digest }
            return state.refused != digest
        }
        if isNew || repeating { throw problem }
    }

    // MARK: The files

    private struct Files {
        let certificate: [UInt8]
        let key: [UInt8]
        let digest: SHA256.Digest
    }

    private static func read(_ certificate: String, _ key: String) throws(Problem) -> Files {
        func bytes(_ path: String) throws(Problem) -> [UInt8] {
            guard let data = FileManager.default.contents(atPath: path) else { throw Problem(description: "\(path): cannot be read.") }
            if data.count > limit { throw Problem(description: "\(path): is larger than a certificate or a key can be.") }
            return Array(data)
        }
        let (certificate, key) = (try bytes(certificate), try bytes(key))
        var hash = SHA256()
        hash.update(data: SHA256.hash(data: certificate).withUnsafeBytes { Array($0) })
        hash.update(data: SHA256.hash(data: key).withUnsafeBytes { Array($0) })
        return Files(certificate: certificate, key: key, digest: hash.finalize())
    }

    private static func load(_ files: Files, _ certificatePath: String, _ keyPath: String) throws(Problem) -> Loaded {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(files.certificate), let leaf = chain.first else {
            throw Problem(description: "\(certificatePath): holds no certificate in PEM form.")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: files.key, format: .pem) else {
            throw Problem(description: "\(keyPath): holds no private key in PEM form that opens without a passphrase.")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            // Refuses a key that is not the certificate's.
            let context = try NIOSSLContext(configuration: configuration)
            return Loaded(context: context, expiresAt: Int64(leaf.notValidAfter), digest: files.digest)
        } catch {
            throw Problem(description: "\(keyPath): is not the key of the certificate in \(certificatePath).")
        }
    }
}
