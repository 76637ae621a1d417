/// The members of a JSON object, in order, each name once.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public private(set) var members: [(name: String, value: JSON)] = []
    /// Where each name stands. Few names are found sooner by looking at all.
    private var places: [String: Int]?
    private static let few = 24

    public init() {}

    public init(dictionaryLiteral elements: (String, JSON)...) {
        members.reserveCapacity(elements.count)
        for (name, value) in elements { self[name] = value }
    }

    public subscript(name: String) -> JSON? {
        get { place(of: name).map { members[$0].value } }
        set {
            switch (place(of: name), newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil):
                members.remove(at: place)
                places = members.count > Self.few ? Self.places(of: members) : nil
            case (nil, let value?): append(name, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member whose name is not there yet.
    mutating func append(_ name: String, _ value: JSON) {
        members.append((name, value))
        if places != nil {
            places?[name] = members.count - 1
        } else if members.count > Self.few {
            places = Self.places(of: members)
        }
    }

    func place(of name: String) -> Int? {
        if let places { places[name] } else { members.firstIndex { $0.name == name } }
    }

    private static func places(of members: [(name: String, value: JSON)]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.name, $0) })
    }

    public var isEmpty: Bool { members.isEmpty }
    public var names: [String] { members.map(\.name) }

    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.value == $1.value }
    }
}
