/// How a log line is spelled.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// `key=value` pairs, quoted where they need it.
    case text
}
