import OAuth

/// What another import of a document would change.
public struct CatalogueDifference: Sendable, Equatable {
    public struct Change: Sendable, Equatable {
        public let label: String
        /// Names or texts, category, risk: what people would see differently.
        public let isDescribedDifferently: Bool
        /// Operations that it opens and did not open before: whoever granted it was not asked about them.
        public let opens: [String]
        public let closes: [String]
    }

    public let added: [String]
    public let gone: [String]
    public let changed: [Change]
    public let newOperations: [String]
    public let goneOperations: [String]

    public init(from old: Catalogue, to new: Catalogue) {
        added = new.scopes.map(\.label).filter { old.scope($0) == nil }
        gone = old.scopes.map(\.label).filter { new.scope($0) == nil }
        let before = Set(old.operations.map(Self.name))
        let after = Set(new.operations.map(Self.name))
        newOperations = after.subtracting(before).sorted()
        goneOperations = before.subtracting(after).sorted()
        changed = new.scopes.compactMap { scope in
            guard let known = old.scope(scope.label) else { return nil }
            let was = Set(known.operations.map { Self.name(old.operations[$0]) })
            let isNow = Set(scope.operations.map { Self.name(new.operations[$0]) })
            let change = Change(
                label: scope.label,
                isDescribedDifferently: (scope.name, scope.description, scope.category, scope.risk)
                    != (known.name, known.description, known.category, known.risk),
                opens: isNow.subtracting(was).sorted(), closes: was.subtracting(isNow).sorted())
            return change.isDescribedDifferently || !change.opens.isEmpty || !change.closes.isEmpty ? change : nil
        }
    }

    public var isEmpty: Bool {
        added.isEmpty && gone.isEmpty && changed.isEmpty && newOperations.isEmpty && goneOperations.isEmpty
    }

    /// For a person, a line each; `!` marks scopes that would start to open more.
    public var lines: [String] {
        var lines = added.map { "+ scope \($0)" } + gone.map { "- scope \($0)" }
        for change in changed {
            if !change.opens.isEmpty {
                lines.append("! scope \(change.label) would open more, and whoever granted it was not asked:")
                lines += change.opens.map { "    + \($0)" }
            } else {
                lines.append("~ scope \(change.label)")
            }
            lines += change.closes.map { "    - \($0)" }
        }
        return lines + newOperations.map { "+ \($0)" } + goneOperations.map { "- \($0)" }
    }

    public var json: JSON {
        [
            "new_scopes": JSON(added), "gone_scopes": JSON(gone), "new_operations": JSON(newOperations),
            "gone_operations": JSON(goneOperations),
            "changed_scopes": .array(
                changed.map { change in
                    [
                        "id": .string(change.label), "opens_more": .bool(!change.opens.isEmpty), "opens": JSON(change.opens),
                        "closes": JSON(change.closes), "described_differently": .bool(change.isDescribedDifferently),
                    ]
                }),
        ]
    }

    private static func name(_ operation: Operation) -> String { "\(operation.method) \(operation.path)" }
}
