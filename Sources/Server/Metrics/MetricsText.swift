import Storage

/// Prometheus' text format, version 0.0.4. Names and labels' values are ours: none holds what would have to be escaped.
struct MetricsText {
    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram }
    typealias Labels = [(name: String, value: String)]

    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: Labels = [], _ value: Int) { sample(name, labels, String(value)) }

    mutating func sample(_ name: String, _ labels: Labels = [], _ value: Double) { sample(name, labels, "\(value)") }

    /// One metric with one value.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        family(name, kind, help)
        sample(name, [], value)
    }

    mutating func histogram(_ name: String, _ labels: Labels = [], _ histogram: DurationHistogram) {
        let (buckets, sum) = histogram.reading
        var count = 0
        for (index, bucket) in buckets.enumerated() {
            count += bucket
            let bound = index < DurationHistogram.bounds.count ? "\(Double(DurationHistogram.bounds[index]) / 1e9)" : "+Inf"
            sample(name + "_bucket", labels + [("le", bound)], count)
        }
        sample(name + "_sum", labels, Double(sum) / 1e9)
        sample(name + "_count", labels, count)
    }

    private mutating func sample(_ name: String, _ labels: Labels, _ value: String) {
        text += name
        if !labels.isEmpty { text += "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}" }
        text += " " + value + "\n"
    }
}
