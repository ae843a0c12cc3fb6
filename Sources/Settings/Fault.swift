/// One thing that does not hold in a config: where, what, and what to do about it.
package struct Fault: Sendable, Equatable {
    package enum Severity: String, Sendable {
        /// The config does not hold.
        case error
        /// It holds, and yet somebody should look.
        case warning
    }

    package let severity: Severity
    package let file: String
    /// From 1; nil where the fault is of the whole file.
    package let line: Int?
    /// The dotted path; empty where the fault is of no key.
    package let key: String
    /// A sentence without its full stop, as `remedy`.
    package let message: String
    package let remedy: String
    /// For an unknown key, or a name of nothing: the nearest that is known.
    package let nearest: String?

    package init(
        _ severity: Severity, file: String, line: Int?, key: String = "", message: String, remedy: String,
        nearest: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.key = key
        self.message = message
        self.remedy = remedy
        self.nearest = nearest
    }

    /// `FILE:LINE: KEY: message. remedy.`, with `warning: ` before the message of a warning.
    package var description: String {
        var out = line.map { "\(file):\($0): " } ?? "\(file): "
        if !key.isEmpty { out += "\(key): " }
        if severity == .warning { out += "warning: " }
        out += Self.sentence(message)
        if !remedy.isEmpty { out += " " + Self.sentence(remedy) }
        return out
    }

    /// `2 errors, 1 warning`; empty where there is nothing to count.
    package static func counts(_ faults: [Fault]) -> String {
        [Severity.error, .warning].compactMap { severity in
            let count = faults.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }.joined(separator: ", ")
    }

    private static func sentence(_ text: String) -> String {
        let line = oneLine(text)
        return line.hasSuffix("?") || line.hasSuffix(".") ? line : line + "."
    }

    /// What a config brought along stays on one line, whatever it holds.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    /// All faults of a check as one JSON object: `{"ok": …, "faults": [{…}]}`.
    package static func json(_ faults: [Fault]) -> String {
        let isOK = !faults.contains { $0.severity == .error }
        let rows = faults.map { fault in
            "    {" + fault.fields.map { "\(quote($0)): \($1)" }.joined(separator: ", ") + "}"
        }
        let list = rows.isEmpty ? "[]" : "[\n" + rows.joined(separator: ",\n") + "\n  ]"
        return "{\n  \"ok\": \(isOK),\n  \"faults\": \(list)\n}\n"
    }

    private var fields: [(String, String)] {
        var fields = [
            ("severity", Self.quote(severity.rawValue)),
            ("file", Self.quote(file)),
            ("line", line.map { "\($0)" } ?? "null"),
            ("key", Self.quote(key)),
            ("message", Self.quote(message)),
            ("remedy", Self.quote(remedy)),
        ]
        if let nearest { fields.append(("nearest", Self.quote(nearest))) }
        return fields
    }

    static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x2028 || scalar.value == 0x2029 {
                    let digits = String(scalar.value, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out + "\""
    }
}

extension Fault: CustomStringConvertible {}
