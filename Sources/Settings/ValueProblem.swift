/// Why a value does not hold, and what to write in its place. Both are parts of sentences without
/// their full stop; neither shows a secret.
package struct ValueProblem: Error, Sendable, Equatable {
    package let message: String
    package let remedy: String

    package init(_ message: String, _ remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
