/// The reference of all metrics as a Markdown page, made of the table.
package enum MetricReference {
    package static func markdown() -> String {
        var out = """
            # Metrics

            What `GET /metrics` on the admin listener answers, in Prometheus' text format (version 0.0.4). This page is \
            made from the table that the program itself counts by.

            Counters begin at 0 when the process starts, and are those of all workers together. A label that names a \
            site, listener, provider or origin has the config's name; where it is empty, the value belongs to none of \
            them. A histogram has the series `_bucket`, `_sum` and `_count`.

            | metric | kind | labels | what it is |
            | --- | --- | --- | --- |

            """
        let metrics = Metric.allCases.map(\.declaration)
        for metric in metrics {
            let labels = metric.labels.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            out += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
        }
        let build = BuildInfo.labelNames.map { "`\($0)`" }.joined(separator: ", ")
        out += "| `\(BuildInfo.metric)` | gauge | \(build) | \(BuildInfo.help) |\n"
        out += """

            ## Labels

            | label | values |
            | --- | --- |

            """
        for label in MetricLabel.allCases where metrics.contains(where: { $0.labels.contains(label) }) {
            out += "| `\(label.rawValue)` | \(values(of: label)) |\n"
        }
        let bounds = MetricLayout.bounds.map { "`\(PrometheusText.seconds($0))`" }.joined(separator: ", ")
        out += """
            | `le` | a bucket's upper bound in seconds: \(bounds), `+Inf` |

            The outcomes' meanings stand in [the reference](reference.md#outcomes).

            """
        return out
    }

    private static func values(of label: MetricLabel) -> String {
        let values = label.values(in: MetricNames())
        // Names of the config have the one value that stands for none.
        if values == [""] { return "a name from the config, or empty" }
        return values.map { "`\($0)`" }.joined(separator: ", ")
    }
}
