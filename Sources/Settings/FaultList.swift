/// The faults of one config as they are found.
struct FaultList {
    private(set) var faults: [Fault] = []

    var hasErrors: Bool { faults.contains { $0.severity == .error } }

    mutating func append(_ found: [Fault]) { faults += found }

    mutating func error(
        _ position: Position, _ key: String, _ message: String, _ remedy: String, nearest: String? = nil
    ) {
        add(.error, position, key, message, remedy, nearest)
    }

    mutating func warning(_ position: Position, _ key: String, _ message: String, _ remedy: String) {
        add(.warning, position, key, message, remedy, nil)
    }

    private mutating func add(
        _ severity: Fault.Severity, _ position: Position, _ key: String, _ message: String, _ remedy: String,
        _ nearest: String?
    ) {
        let fault = Fault(
            severity, file: position.file, line: position.line, key: key, message: message, remedy: remedy,
            nearest: nearest)
        if !faults.contains(fault) { faults.append(fault) }
    }

    /// By file and line, each fault once.
    var sorted: [Fault] {
        faults.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.file != b.file { return a.file < b.file }
            if a.line != b.line { return (a.line ?? 0) < (b.line ?? 0) }
            return left.offset < right.offset
        }.map(\.element)
    }
}

extension Sequence<String> {
    /// A key's dotted path; a part that holds a dot is quoted, but not a rule's pattern at the end.
    var dotted: String {
        map { $0.contains(".") && !$0.hasPrefix("/") ? "\"\($0)\"" : $0 }.joined(separator: ".")
    }
}
