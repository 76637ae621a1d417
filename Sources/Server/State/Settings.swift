import Delegation
import OAuth

/// What an operator decides about a server, checked and complete.
public struct Settings: Sendable {
    public enum AccessTokenFormat: String, Sendable, CaseIterable {
        /// `lka_…`, checked by asking.
        case opaque
        /// RFC 9068, checked by whoever has the JWKS.
        case jwt
    }

    /// Who may create accounts.
    public enum AccountCreation: String, Sendable, CaseIterable {
        /// Every user; they become the account's Super Administrator.
        case everyone
        /// `latchkey account add` alone.
        case `operator`
    }

    public var issuer: Issuer
    /// The identifier of the protected API: the audience of access tokens (RFC 8707).
    public var resource: String
    /// How pages name the platform.
    public var platformName: String
    public var accessTokenFormat: AccessTokenFormat
    public var lifetimes: Lifetimes
    /// Whether `/verify` lets CORS preflights of described paths pass without a token.
    public var answersPreflight: Bool
    /// The DNS server that is asked for the records that prove hosts, by address; nil: the system's.
    public var dnsServer: BindTarget?
    /// How often such a record is looked for.
    public var proofPace: HostProof.Pace
    public var accountCreation: AccountCreation
    public var mail: MailSink
    /// The proxies whose word is taken for where a request came from (`X-Forwarded-For`).
    public var trustedProxies: [AddressRange]
    /// Whether webhooks may go to hosts inside, and to this machine without TLS.
    public var allowsPrivateWebhooks: Bool
    /// Seconds of use after which keys are followed by new ones; nil: by the operator's command alone.
    public var keyRotation: Int64?
    /// Seconds after a signal for which requests are still answered, while `/health/ready` already says that the server stops.
    public var shutdownDelay: Int64

    public init(
        issuer: Issuer, resource: String? = nil, platformName: String = "Latchkey", accessTokenFormat: AccessTokenFormat = .opaque,
        lifetimes: Lifetimes = Lifetimes(), answersPreflight: Bool = true, dnsServer: BindTarget? = nil,
        proofPace: HostProof.Pace = HostProof.Pace(), accountCreation: AccountCreation = .operator, mail: MailSink = .off,
        trustedProxies: [AddressRange] = [], allowsPrivateWebhooks: Bool = false, keyRotation: Int64? = nil, shutdownDelay: Int64 = 0
    ) {
        self.issuer = issuer
        self.resource = resource ?? issuer.description
        self.platformName = platformName
        self.accessTokenFormat = accessTokenFormat
        self.lifetimes = lifetimes
        self.answersPreflight = answersPreflight
        self.dnsServer = dnsServer
        self.proofPace = proofPace
        self.accountCreation = accountCreation
        self.mail = mail
        self.trustedProxies = trustedProxies
        self.allowsPrivateWebhooks = allowsPrivateWebhooks
        self.keyRotation = keyRotation
        self.shutdownDelay = shutdownDelay
    }
}
