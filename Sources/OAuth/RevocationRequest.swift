/// A request of the revocation endpoint (RFC 7009 §2.1).
public struct RevocationRequest: Sendable {
    public let token: Secret<String>

    /// `token_type_hint` may stand once and decides nothing: each token tells its own type (§2.1 lets a server ignore it).
    public init(_ parameters: Parameters) throws(TokenError) {
        let text: String?
        do {
            text = try parameters.value("token")
            _ = try parameters.value("token_type_hint")
        } catch {
            throw TokenError(error)
        }
        guard let text else { throw .invalidRequest("The parameter token is missing.") }
        token = Secret(text)
    }
}
