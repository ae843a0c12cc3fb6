/// Reads the secrets and files that a config points to. Its messages name where a secret is, never
/// what it is.
struct ContentSource {
    let files: any SettingFiles
    let environment: [String: String]
    /// The config's files, by the names that positions have.
    let written: [String: ConfigurationFile]
    /// The directory of the file that was named, absolute: where the relative paths of variables start.
    let directory: String

    static let maximumSize = 1024 * 1024

    /// A relative path starts at the directory of the file that it stands in.
    func path(_ text: String, at position: Position) -> String {
        PathText.absolute(text, from: written[position.file]?.directory ?? directory)
    }

    func path(_ located: Located<String>) -> String { path(located.value, at: located.position) }

    /// The bytes, as they are; nil after a fault.
    func read(
        _ reference: Located<ContentReference>, key: String, isSecret: Bool, _ faults: inout FaultList
    ) -> [UInt8]? {
        let position = reference.position
        switch reference.value {
        case .literal(let text):
            if isSecret, written[position.file]?.isShared == true {
                faults.warning(
                    position, key, "the secret stands in a file that others may read",
                    "Write file:PATH, env:NAME or credential:NAME, or take the others' right to read away (chmod 600)")
            }
            return Array(text.utf8)
        case .environment(let name):
            guard let text = environment[name], !text.isEmpty else {
                faults.error(
                    position, key, "the environment variable \(name) is not set",
                    "Set it for the process, or name another source")
                return nil
            }
            return Array(text.utf8)
        case .credential(let name):
            guard let base = environment["CREDENTIALS_DIRECTORY"], !base.isEmpty else {
                faults.error(
                    position, key, "there is no credentials directory for credential:\(name)",
                    "Start Postern from a systemd unit with LoadCredential=\(name):…, or name another source")
                return nil
            }
            return readFile(PathText.absolute(name, from: base), position, key, &faults)
        case .file(let path):
            return readFile(self.path(path, at: position), position, key, &faults)
        }
    }

    /// The file that a reference names, absolute; nil where it names none.
    func file(of reference: Located<ContentReference>) -> String? {
        switch reference.value {
        case .file(let path): self.path(path, at: reference.position)
        case .credential(let name): environment["CREDENTIALS_DIRECTORY"].map { PathText.absolute(name, from: $0) }
        case .environment, .literal: nil
        }
    }

    private func readFile(_ path: String, _ position: Position, _ key: String, _ faults: inout FaultList) -> [UInt8]? {
        do throws(FileProblem) {
            let bytes = try files.read(path, limit: Self.maximumSize)
            guard !bytes.isEmpty else {
                faults.error(position, key, "the file \(path) is empty", "Fill it, or name another")
                return nil
            }
            return bytes
        } catch {
            let remedy =
                error == .unreadable
                ? "Give the user that Postern runs as the right to read it"
                : "Name a file that is there, by an absolute path"
            faults.error(position, key, "the file \(path) \(error.text)", remedy)
            return nil
        }
    }

    /// A secret, or what is kept beside one, without the line feed at its end; nil after a fault.
    func secret(
        _ reference: Located<ContentReference>, key: String, isSecret: Bool = true, _ faults: inout FaultList
    ) -> Secret? {
        guard let bytes = read(reference, key: key, isSecret: isSecret, &faults) else { return nil }
        let stripped = Self.withoutLineEnd(bytes)
        guard !stripped.isEmpty else {
            faults.error(
                reference.position, key, "the \(isSecret ? "secret" : "value") is empty",
                "Put it there, or remove the key")
            return nil
        }
        return Secret(stripped)
    }

    static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes[...]
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        return Array(bytes)
    }

    /// A PEM file that must hold `label`, such as `CERTIFICATE`; nil after a fault.
    func pem(
        _ reference: Located<ContentReference>, label: String, isSecret: Bool, key: String, _ faults: inout FaultList
    ) -> FileContent? {
        guard let bytes = read(reference, key: key, isSecret: isSecret, &faults) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let holds = text.split(separator: "\n").contains { $0.hasPrefix("-----BEGIN ") && $0.contains("\(label)-----") }
        let source = reference.value.description
        guard holds else {
            let noun = label == "CERTIFICATE" ? "certificate" : "private key"
            faults.error(
                reference.position, key, "\(source) holds no \(noun) in PEM",
                "Name a file with -----BEGIN \(label)-----")
            return nil
        }
        return FileContent(source: source, bytes: bytes)
    }
}
