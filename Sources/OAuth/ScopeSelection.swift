/// Which of a family's original scopes an access token carries, by their positions: short, whatever the labels are.
public enum ScopeSelection: Sendable, Hashable {
    case all
    /// A bit for each position, the first in the highest bit of the first byte; without trailing zero bytes.
    case positions([UInt8])

    /// - Parameters:
    ///   - wanted: labels; those outside `original` are left out.
    ///   - original: the family's scopes as they were when it began.
    public init(selecting wanted: ScopeSet, from original: ScopeSet) {
        var bitmap = [UInt8](repeating: 0, count: (original.count + 7) / 8)
        var selected = 0
        for (position, label) in original.labels.enumerated() where wanted.contains(label) {
            bitmap[position / 8] |= 0x80 >> UInt8(position % 8)
            selected += 1
        }
        if selected == original.count {
            self = .all
        } else {
            while bitmap.last == 0 { bitmap.removeLast() }
            self = .positions(bitmap)
        }
    }

    public func apply(to original: ScopeSet) -> ScopeSet {
        switch self {
        case .all: return original
        case .positions(let bitmap):
            let selected = original.labels.enumerated().filter { position, _ in
                position / 8 < bitmap.count && bitmap[position / 8] & 0x80 >> UInt8(position % 8) != 0
            }
            return ScopeSet(selected.map(\.element))
        }
    }
}
