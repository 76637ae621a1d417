/// The identifier of a protected resource in a `resource` parameter (RFC 8707 §2).
public enum ResourceIdentifier {
    /// Whether a client means the resource: the same text, or an origin that one side writes with a slash at its end.
    public static func matches(_ requested: String, _ accepted: String) -> Bool {
        if requested == accepted { return true }
        guard let requested = origin(requested), let accepted = origin(accepted) else { return false }
        return requested == accepted
    }

    /// The text without the slash, where the URI is nothing but an origin (RFC 3986 §6.2.3: both forms are one).
    private static func origin(_ text: String) -> String? {
        guard let url = URLText(text), url.hasAuthority, !url.hasUserinfo, url.query == nil, url.fragment == nil else { return nil }
        switch url.path {
        case "": return text
        case "/": return String(text.dropLast())
        default: return nil
        }
    }
}
