import Crypto
import CryptoExtras
import NIOPosix
import OAuth

/// Passwords, hashed with scrypt (RFC 7914) away from the cooperative threads, two at a time:
/// a hash takes some 16 MiB and a tenth of a second, and both are bounded.
public struct Passwords: Sendable {
    /// The fewest characters that a new password may have.
    public static let minimumLength = 10
    /// The most bytes that are hashed.
    public static let maximumLength = 1024

    /// Why a password cannot be set.
    public struct Weakness: Error, Sendable {
        public let description: String
    }

    private let threads: NIOThreadPool
    private let random: Randomness
    private let decoy: String

    public init(random: Randomness = .system) {
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        self.random = random
        decoy = Passwords.text(cost: 14, salt: Array(repeating: 0, count: 16), hash: Array(repeating: 0, count: 32))
    }

    /// The form in which a password is stored.
    /// - Throws: `Weakness` where it is too short, too long or among the commonest.
    public func hash(_ password: Secret<String>, for email: String) async throws -> String {
        let text = password.reveal()
        if text.count < Passwords.minimumLength {
            throw Weakness(description: "The password should have at least \(Passwords.minimumLength) characters.")
        }
        if text.utf8.count > Passwords.maximumLength {
            throw Weakness(description: "The password should have at most \(Passwords.maximumLength) bytes.")
        }
        if CommonPasswords.contains(text, email: email) {
            throw Weakness(description: "The password is among the first that anybody would guess. Choose another.")
        }
        let salt = random.bytes(16)
        let hash = try await derive(text, salt: salt, cost: 14)
        return Passwords.text(cost: 14, salt: salt, hash: hash)
    }

    /// Whether the password is the one that was stored. Where nothing is stored it takes the same time to say no.
    public func matches(_ password: Secret<String>, stored: String?) async throws -> Bool {
        let parts = (stored ?? decoy).split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let cost = Int(parts[1]), (10...20).contains(cost),
            let salt = Base64URL.decode(String(parts[2])), let expected = Base64URL.decode(String(parts[3]))
        else { return false }
        let text = password.reveal()
        let actual = try await derive(text.utf8.count > Passwords.maximumLength ? "" : text, salt: salt, cost: cost)
        guard actual.count == expected.count else { return false }
        let difference = zip(actual, expected).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 }
        return difference == 0 && stored != nil && text.utf8.count <= Passwords.maximumLength
    }

    private func derive(_ password: String, salt: [UInt8], cost: Int) async throws -> [UInt8] {
        try await threads.runIfActive {
            let key = try KDF.Scrypt.deriveKey(
                from: Array(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << cost, blockSize: 8, parallelism: 5)
            return key.withUnsafeBytes { Array($0) }
        }
    }

    private static func text(cost: Int, salt: [UInt8], hash: [UInt8]) -> String {
        "scrypt$\(cost)$\(Base64URL.encode(salt))$\(Base64URL.encode(hash))"
    }
}

/// The passwords that guessing begins with.
enum CommonPasswords {
    static func contains(_ password: String, email: String) -> Bool {
        let lowered = password.lowercased()
        let stem = String(lowered.reversed().drop { !$0.isLetter }.reversed())
        if listed.contains(lowered) || (stem.count >= 4 && listed.contains(stem)) { return true }
        if Set(lowered).count <= 3 || isRun(lowered) { return true }
        let name = email.split(separator: "@").first.map(String.init) ?? email
        return lowered == email.lowercased() || stem == name.lowercased()
    }

    /// `1234567890`, `abcdefghij`, `9876543210`.
    private static func isRun(_ text: String) -> Bool {
        let values = text.unicodeScalars.map { Int($0.value) }
        let steps = Set(zip(values, values.dropFirst()).map { $1 - $0 })
        return steps.isSubset(of: [1, -9]) || steps.isSubset(of: [-1, 9])
    }

    private static let listed: Set<Substring> = Set(
        """
        password passw0rd p@ssword p@ssw0rd pa55word pass password1 password12 password123 password1234 mypassword thepassword
        passwordpassword changeme changemenow letmein letmeinnow welcome welcome1 welcome123 welcometo admin administrator admin123
        adminadmin root toor rootroot login loginlogin secret secretsecret topsecret default guest guestguest test testtest testing
        testing123 tester demo demodemo user username qwerty qwerty123 qwertyuiop qwertyui qwertz qwertzuiop azerty azertyuiop asdfghjkl
        asdfghjkl; asdfasdf zxcvbnm zxcvbnm123 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc qazwsx qazwsxedc zaq12wsx q1w2e3r4
        q1w2e3r4t5 abc123 abcd1234 abc123456 a1b2c3d4 a1b2c3d4e5 123456 1234567 12345678 123456789 1234567890 12345678910 0123456789
        0987654321 1234512345 1122334455 123123123 1231231234 123qweasd 123qweasdzxc qwe123 qweasdzxc qweqweqwe 123456789a 123456789q
        11111111 1111111111 0000000000 147258369 789456123 987654321 31415926535 iloveyou iloveyou1 iloveyou2 iloveyou123 ilovegod
        iloveyousomuch loveyou lovelove lovers sunshine sunshine1 princess princess1 football football1 baseball basketball superman
        batman spiderman monkey monkey123 dragon dragon123 master master123 shadow michael jennifer jordan23 charlie trustno1 starwars
        pokemon computer internet samsung whatever freedom liverpool chelsea arsenal manchester barcelona juventus ferrari mercedes
        hello hello123 hellohello helloworld hello world hellokitty goodluck blessed jesus jesuschrist christ heaven angel angels
        butterfly chocolate cookie flower summer summer2024 summer2025 summer2026 winter winter2024 winter2025 winter2026 spring autumn
        january february november december monday friday qwerty12345 qwerty1234 company company123 temp temporary temppassword
        correcthorsebatterystaple correct horse battery staple latchkey latchkeylatchkey oauth openid
        """.split(whereSeparator: { $0.isWhitespace }))
}

extension Set where Element == Substring {
    fileprivate func contains(_ text: String) -> Bool { contains(text[...]) }
}
