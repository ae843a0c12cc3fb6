/// Where a secret or a file's content is to be read: `file:PATH`, `env:NAME`, `credential:NAME`, or
/// the value itself.
package enum ContentReference: Sendable, Equatable, CustomStringConvertible {
    case file(String)
    case environment(String)
    /// A file in systemd's `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    case literal(String)

    /// Without a literal's text.
    package var description: String {
        switch self {
        case .file(let path): "file:\(path)"
        case .environment(let name): "env:\(name)"
        case .credential(let name): "credential:\(name)"
        case .literal: "(literal)"
        }
    }

    /// A reference in one of its three forms, or nil where the text is none.
    fileprivate static func parse(_ text: String) throws(ValueProblem) -> ContentReference? {
        if text.hasPrefix("file:") {
            guard text.utf8.count > 5 else { throw ValueProblem("the file's path is missing", "Write file:PATH") }
            return .file(String(text.dropFirst(5)))
        }
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            let isName = name.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789_".utf8.contains($0)
            }
            guard !name.isEmpty, isName else {
                throw ValueProblem("the environment variable's name does not hold", "Write env:NAME")
            }
            return .environment(name)
        }
        if text.hasPrefix("credential:") {
            let name = String(text.dropFirst(11))
            guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
                throw ValueProblem("the credential's name does not hold", "Write credential:NAME")
            }
            return .credential(name)
        }
        return nil
    }
}

extension ValueKind where Value == ContentReference {
    /// A secret: what is no reference is the secret itself.
    static let secret = ValueKind(
        "secret", samples: ["file:/etc/postern/secret", "env:POSTERN_SECRET", "credential:corp"]
    ) { text throws(ValueProblem) in
        guard !text.isEmpty else {
            throw ValueProblem("the secret is empty", "Write file:PATH, env:NAME or credential:NAME, or remove the key")
        }
        return try ContentReference.parse(text) ?? .literal(text)
    }

    /// Text that may be kept where secrets are, and is none: what is no reference is the text itself.
    static let referenceOrText = ValueKind("reference or text", samples: ["env:POSTERN_ID", "AKIA"]) {
        text throws(ValueProblem) in
        guard !text.isEmpty else {
            throw ValueProblem("the value is empty", "Write it, or file:PATH, env:NAME or credential:NAME")
        }
        return try ContentReference.parse(text) ?? .literal(text)
    }

    /// A PEM file: what is no reference is a path, but for PEM text itself.
    static let pem = ValueKind("file", samples: ["/etc/postern/tls/fullchain.pem", "credential:tls"]) {
        text throws(ValueProblem) in
        guard !text.isEmpty else { throw ValueProblem("the file's path is missing", "Write one, or remove the key") }
        return try ContentReference.parse(text) ?? (text.contains("-----BEGIN ") ? .literal(text) : .file(text))
    }

    /// A private key in PEM, which is a secret too.
    static let pemSecret = ValueKind("secret", samples: ["file:/etc/postern/tls/privkey.pem", "credential:tls-key"]) {
        text throws(ValueProblem) in
        let remedy = "Write file:PATH or credential:NAME"
        guard !text.isEmpty else { throw ValueProblem("the key is missing", remedy) }
        if let reference = try ContentReference.parse(text) { return reference }
        if text.contains("-----BEGIN ") { return .literal(text) }
        // A path is shown where it leads nowhere; what may be a key without its first line is not.
        guard text.utf8.count <= 255, !text.contains("\n") else {
            throw ValueProblem("the value is neither a path nor a key in PEM", remedy)
        }
        return .file(text)
    }
}
