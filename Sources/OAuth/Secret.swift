/// A value that must never reach a log, an event, a URL or an error. It prints as `***` and has no coding.
public struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: Value

    public init(_ value: Value) { self.value = value }

    /// The value itself. Call it only where the value is used, never where it is described.
    public func reveal() -> Value { value }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
