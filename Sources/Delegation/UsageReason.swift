import OAuth

/// Why something that a client wanted was refused, as its owner sees it counted.
public enum UsageReason: String, Sendable, CaseIterable {
    // The check in front of the protected API.
    case scope, account, resource, role, policy, operation, inactive, expired
    // The token endpoint (RFC 6749 §5.2, RFC 8707 §2).
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case invalidRequest = "invalid_request"
    case invalidScope = "invalid_scope"
    case invalidTarget = "invalid_target"
    case unauthorizedClient = "unauthorized_client"
    case unsupportedGrantType = "unsupported_grant_type"

    public init(_ code: TokenError.Code) {
        switch code {
        case .invalidClient: self = .invalidClient
        case .invalidGrant: self = .invalidGrant
        case .invalidRequest: self = .invalidRequest
        case .invalidScope: self = .invalidScope
        case .invalidTarget: self = .invalidTarget
        case .unauthorizedClient: self = .unauthorizedClient
        case .unsupportedGrantType: self = .unsupportedGrantType
        }
    }

    /// In plain words.
    public var words: String {
        switch self {
        case .scope: "The token lacked a permission"
        case .account: "The user had not granted the account"
        case .resource: "The user had not granted the resource"
        case .role: "The user's own role did not allow it"
        case .policy: "The account's app policy did not allow it"
        case .operation: "No token is good for the operation"
        case .inactive: "The access had ended or was paused"
        case .expired: "The access token had expired"
        case .invalidClient: "The client did not prove who it is"
        case .invalidGrant: "The code or refresh token was not good, or not any more"
        case .invalidRequest: "The request for a token was malformed"
        case .invalidScope: "The request for a token named a scope that was not granted"
        case .invalidTarget: "The request for a token named a resource that was not granted"
        case .unauthorizedClient: "The client may not use this grant, or is frozen"
        case .unsupportedGrantType: "The request for a token named an unknown grant"
        }
    }
}

extension Refusal {
    /// What it is counted as. Of several things that are missing, the first to be put right.
    public var reason: UsageReason {
        if missing.operation != nil { return .operation }
        if missing.policy != nil { return .policy }
        if missing.account != nil { return .account }
        if !missing.role.isEmpty { return .role }
        if !missing.scope.isEmpty { return .scope }
        if missing.resource != nil { return .resource }
        return status == 401 ? .inactive : .account
    }
}
