import Settings

/// A config is read to its end whatever it says, and where it does not hold somebody is told why.
func fuzzConfiguration(_ input: [UInt8], ending: String) {
    let path = "/etc/postern/postern.\(ending)"
    let loader = ConfigurationLoader(files: FewFiles(path: path, content: input))
    let (configuration, faults) = loader.load(path: path, environment: ["SECRET": "a-secret-of-the-environment"])
    expect((configuration == nil) == faults.contains { $0.severity == .error }, "a config, or a fault")
    let lines = input.count { $0 == 0x0A } + 1
    for fault in faults {
        expect(fault.line.map { (1...lines + 1).contains($0) } ?? true, "a line of the file: \(fault)")
        expect(!fault.description.contains("a-secret-of-the-"), "no secret in a fault")
    }
    let (readings, _) = loader.readings(path: path)
    expect(configuration == nil || !readings.isEmpty, "a config that holds says something")
}

private struct FewFiles: SettingFiles {
    let path: String
    let content: [UInt8]

    var currentDirectory: String { "/etc/postern" }

    func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        let found: [UInt8]
        // What is included says the same once more.
        if path == self.path || path.hasPrefix("/etc/postern/conf.d/") {
            found = content
        } else if path.hasSuffix(".key") {
            found = Array("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\n".utf8)
        } else if path.hasSuffix(".secret") {
            found = Array("a-secret-of-the-files\n".utf8)
        } else if path.hasSuffix(".pem") {
            found = Array("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n".utf8)
        } else {
            throw .missing
        }
        guard found.count <= limit else { throw .tooLarge }
        return found
    }

    func names(in directory: String) throws(FileProblem) -> [String] {
        guard directory == "/etc/postern/conf.d" else { throw .missing }
        return ["10.yaml", "20.ini"]
    }

    func status(_ path: String) -> FileStatus? {
        if path == "/srv/docs" { return FileStatus(isDirectory: true, permissions: 0o755) }
        return (try? read(path, limit: 1 << 20)).map { _ in FileStatus(isDirectory: false, permissions: 0o600) }
    }
}
