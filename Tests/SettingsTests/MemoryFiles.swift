import Settings

/// A file system of the test's own: paths and their text, and directories.
struct MemoryFiles: SettingFiles {
    var files: [String: [UInt8]] = [:]
    var directories: Set<String> = ["/etc/postern", "/etc/postern/tls", "/srv/docs", "/run"]
    var permissions = 0o600

    var currentDirectory: String { "/etc/postern" }

    init(_ texts: [String: String] = [:]) {
        let pem = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
        let key = "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"
        let standard = [
            "/etc/postern/session.key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\n",
            "/etc/postern/tls/fullchain.pem": pem, "/etc/postern/tls/privkey.pem": key,
            "/etc/postern/client.secret": "very-secret-client\n", "/etc/postern/client.pem": key,
            "/etc/postern/s3.id": "AKIAEXAMPLE\n", "/etc/postern/s3.secret": "very-secret-s3\n",
            "/etc/postern/ca.pem": pem,
        ]
        for (path, text) in standard.merging(texts, uniquingKeysWith: { $1 }) { files[path] = Array(text.utf8) }
    }

    func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        guard !directories.contains(path) else { throw .isDirectory }
        guard let bytes = files[path] else { throw .missing }
        guard bytes.count <= limit else { throw .tooLarge }
        return bytes
    }

    func names(in directory: String) throws(FileProblem) -> [String] {
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        let names = files.keys.filter { $0.hasPrefix(base) && !$0.dropFirst(base.count).contains("/") }
            .map { String($0.dropFirst(base.count)) }
        guard !names.isEmpty || directories.contains(directory) else { throw .missing }
        return names
    }

    func status(_ path: String) -> FileStatus? {
        if directories.contains(path) { return FileStatus(isDirectory: true, permissions: 0o755) }
        return files[path].map { _ in FileStatus(isDirectory: false, permissions: permissions) }
    }
}

/// Loads `text` as the config in a file of that ending.
func load(
    _ text: String, as ending: String = "yaml", files: MemoryFiles = MemoryFiles(), environment: [String: String] = [:]
) -> (configuration: Configuration?, faults: [Fault]) {
    var files = files
    files.files["/etc/postern/postern.\(ending)"] = Array(text.utf8)
    return ConfigurationLoader(files: files).load(path: "/etc/postern/postern.\(ending)", environment: environment)
}

/// The smallest config that holds, with the lines to add or replace.
enum Sample {
    static let directory = """
        listeners:
          web:
            address: 127.0.0.1:8080
        session_keys: [file:session.key]
        providers:
          corp:
            issuer: https://id.example.com
            client_id: postern
        origins:
          docs:
            directory: /srv/docs
        sites:
          docs:
            hosts: [localhost:8080]
            provider: corp
            origin: docs
        """

    static func replacing(_ old: String, _ new: String) -> String {
        let parts = directory.split(separator: old, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "the sample has '\(old)' \(parts.count - 1) times")
        return parts[0] + new + parts[1]
    }
}

extension [Fault] {
    /// `LINE KEY` of each, errors alone.
    var places: [String] { filter { $0.severity == .error }.map { "\($0.line ?? 0) \($0.key)" } }
    var text: String { map(\.description).joined(separator: "\n") }
}
