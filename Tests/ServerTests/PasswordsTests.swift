import OAuth
import Testing

@testable import Server

struct PasswordsTests {
    @Test func aPasswordMatchesItsOwnHashOnly() async throws {
        let passwords = Passwords()
        let stored = try await passwords.hash(Secret("slate-harbour-42"), for: "ada@example.com")
        #expect(!stored.contains("slate"))
        #expect(try await passwords.matches(Secret("slate-harbour-42"), stored: stored))
        #expect(try await !passwords.matches(Secret("slate-harbour-43"), stored: stored))
        #expect(try await !passwords.matches(Secret("slate-harbour-42"), stored: nil))
        #expect(try await !passwords.matches(Secret("slate-harbour-42"), stored: "scrypt$99$x$y"))
        let again = try await passwords.hash(Secret("slate-harbour-42"), for: "ada@example.com")
        #expect(again != stored)
    }

    @Test(arguments: [
        "short", "password123", "Password1234", "qwertyuiop", "1234567890", "aaaaaaaaaaaa", "abcdefghijkl", "ada@example.com",
        "ilovegod2026",
    ])
    func aPasswordThatAnybodyWouldGuessIsRefused(password: String) async throws {
        await #expect(throws: Passwords.Weakness.self) {
            try await Passwords().hash(Secret(password), for: "ada@example.com")
        }
    }
}
