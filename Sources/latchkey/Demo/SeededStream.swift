import Crypto
import OAuth
import Synchronization

/// A stream of bytes that a seed determines. For demos alone: a real server draws from the operating system.
final class SeededStream: Sendable {
    private let key: SymmetricKey
    private let counter = Mutex<UInt64>(0)

    init(seed: Secret<[UInt8]>, purpose: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed.reveal()), info: Array("latchkey demo \(purpose)".utf8), outputByteCount: 32)
    }

    func bytes(_ count: Int) -> [UInt8] {
        counter.withLock { counter in
            var output: [UInt8] = []
            while output.count < count {
                let block = HMAC<SHA256>.authenticationCode(for: Array(String(counter).utf8), using: key)
                output.append(contentsOf: block.prefix(count - output.count))
                counter += 1
            }
            return output
        }
    }
}
