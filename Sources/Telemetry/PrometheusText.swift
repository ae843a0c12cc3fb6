/// A snapshot in Prometheus' text format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func render(_ snapshot: MetricSnapshot, build: BuildInfo) -> String {
        var out = ""
        for metric in Metric.allCases { append(metric, snapshot, to: &out) }
        appendHeader(BuildInfo.metric, "gauge", BuildInfo.help, to: &out)
        appendSample(BuildInfo.metric, build.labels, "1", to: &out)
        return out
    }

    private static func append(_ metric: Metric, _ snapshot: MetricSnapshot, to out: inout String) {
        let declaration = metric.declaration
        appendHeader(declaration.name, declaration.kind.rawValue, declaration.help, to: &out)
        let base = snapshot.layout.bases[metric.rawValue]
        for (index, values) in MetricSnapshot.labelValues(declaration, snapshot.layout.names).enumerated() {
            let labels = zip(declaration.labels.map(\.rawValue), values).map { ($0, $1) }
            if declaration.kind == .histogram {
                let width = MetricLayout.histogramWidth
                let cells = snapshot.cells[(base + index * width)..<(base + (index + 1) * width)]
                appendHistogram(declaration.name, labels, Array(cells), to: &out)
            } else {
                // A name that stands for none is shown only where something was counted under it.
                let value = snapshot.cells[base + index]
                if value == 0, hasEmptyName(labels) || declaration.labels.count > 1 { continue }
                // What has gone counts on, and is in no state any more.
                if value == 0, declaration.kind == .gauge,
                    zip(declaration.labels, values).contains(where: { snapshot.layout.names.isGone($1, of: $0) })
                {
                    continue
                }
                appendSample(declaration.name, labels, "\(value)", to: &out)
            }
        }
    }

    private static func hasEmptyName(_ labels: [(String, String)]) -> Bool { labels.contains { $0.1.isEmpty } }

    private static func appendHistogram(
        _ name: String, _ labels: [(String, String)], _ cells: [Int64], to out: inout String
    ) {
        let buckets = cells.dropLast()
        let total = buckets.reduce(0, &+)
        if total == 0, hasEmptyName(labels) { return }
        var cumulative: Int64 = 0
        for (bucket, count) in buckets.enumerated() {
            cumulative &+= count
            let bound = bucket < MetricLayout.bounds.count ? seconds(MetricLayout.bounds[bucket]) : "+Inf"
            appendSample(name + "_bucket", labels + [("le", bound)], "\(cumulative)", to: &out)
        }
        appendSample(name + "_sum", labels, seconds(cells[cells.count - 1]), to: &out)
        appendSample(name + "_count", labels, "\(total)", to: &out)
    }

    /// Microseconds as seconds, without needless zeros: `2500` becomes `0.0025`.
    static func seconds(_ microseconds: Int64) -> String {
        let whole = microseconds / 1_000_000
        var fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
    }

    private static func appendHeader(_ name: String, _ kind: String, _ help: String, to out: inout String) {
        out += "# HELP \(name) \(escape(help, quotes: false))\n# TYPE \(name) \(kind)\n"
    }

    private static func appendSample(
        _ name: String, _ labels: [(String, String)], _ value: String, to out: inout String
    ) {
        out += name
        if !labels.isEmpty {
            out += "{" + labels.map { "\($0.0)=\"\(escape($0.1, quotes: true))\"" }.joined(separator: ",") + "}"
        }
        out += " \(value)\n"
    }

    /// Backslash, line feed and, in a label's value, the double quote.
    static func escape(_ text: String, quotes: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
