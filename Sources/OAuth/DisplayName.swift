/// A name that is shown to people who decide by it: an app's, an account's, a resource's.
///
/// Characters that cannot be seen, or that turn the text around them, make one name look like another (Unicode TR36 §2.5), so they
/// are refused where the name is given and never have to be cleaned where it is shown.
public enum DisplayName {
    /// The most characters that a name may have.
    public static let maximumLength = 100

    /// Why a name cannot be shown. The texts are for whoever gave it.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case empty
        case tooLong(limit: Int)
        case unseen(UInt32)

        public var description: String {
            switch self {
            case .empty: "A name is needed."
            case .tooLong(let limit): "The name is longer than \(limit) characters."
            case .unseen(let scalar):
                "The name holds a character that cannot be seen or that turns text around: U+"
                    + String(repeating: "0", count: max(0, 4 - String(scalar, radix: 16).count))
                    + String(scalar, radix: 16, uppercase: true) + "."
            }
        }
    }

    /// - Parameter limit: how many characters it may have; more for a sentence than for a name.
    /// - Returns: the name without white space at its ends.
    public static func checked(_ text: String, limit: Int = maximumLength) throws(Problem) -> String {
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: throw .unseen(scalar.value)
            default: continue
            }
        }
        let name = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        if name.isEmpty { throw .empty }
        // Counted in scalars too: one character can carry any number of marks.
        if name.count > limit || name.unicodeScalars.count > 2 * limit { throw .tooLong(limit: limit) }
        return name
    }
}
