import Crypto
import HTTPTypes
import Hummingbird
import OAuth

/// The two cookies: one that only tells browsers apart, and the session of whoever signed in.
///
/// On an https issuer both carry the `__Host-` prefix (RFC 6265bis §4.1.3.2): no subdomain and no plain connection can set them.
struct Cookies: Sendable {
    let browser: String
    let session: String
    private let attributes: String

    init(issuer: Issuer) {
        let isSecure = issuer.isSecure
        browser = (isSecure ? "__Host-" : "") + "latchkey_browser"
        session = (isSecure ? "__Host-" : "") + "latchkey_session"
        attributes = "; Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    func setting(_ name: String, to value: String, maxAge: Int64?) -> String {
        name + "=" + value + attributes + (maxAge.map { "; Max-Age=\($0)" } ?? "")
    }

    func clearing(_ name: String) -> String {
        setting(name, to: "", maxAge: 0)
    }
}

/// The token that a form carries to prove that the page with the cookie made it: a hash of the cookie,
/// which nobody without the cookie can compute and which does not give the cookie away.
struct FormToken: Sendable, Equatable {
    let text: String

    init(cookie: String) {
        text = Base64URL.encode(Array(SHA256.hash(data: Array("latchkey form ".utf8) + Array(cookie.utf8))))
    }

    func matches(_ candidate: String?) -> Bool {
        guard let candidate, candidate.utf8.count == text.utf8.count else { return false }
        return zip(text.utf8, candidate.utf8).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
