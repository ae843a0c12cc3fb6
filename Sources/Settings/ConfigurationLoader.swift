/// Reads a config file, in either spelling, and holds it against everything that can be known without
/// the network: the option table, the files and secrets that it points to, and itself.
package struct ConfigurationLoader {
    private let files: any SettingFiles

    package init(files: any SettingFiles = LocalFiles()) { self.files = files }

    /// The configuration, where it holds, and every fault that was found, by line.
    package static func load(
        path: String, environment: [String: String]
    ) -> (configuration: Configuration?, faults: [Fault]) {
        ConfigurationLoader().load(path: path, environment: environment)
    }

    package func load(
        path: String, environment: [String: String]
    ) -> (configuration: Configuration?, faults: [Fault]) {
        var faults = FaultList()
        guard let root = tree(path, &faults) else { return (nil, faults.sorted) }
        faults.append(TreeCheck.check(root))
        let absolute = PathText.absolute(path, from: files.currentDirectory)
        let source = ContentSource(
            files: files, environment: environment, directory: PathText.directory(of: absolute),
            isConfigShared: files.status(absolute).map { $0.permissions & 0o044 != 0 } ?? false)
        var reader = ConfigurationReader(source: source, faults: faults)
        let configuration = reader.read(.root(root), file: path)
        return (reader.faults.hasErrors ? nil : configuration, reader.faults.sorted)
    }

    /// What the file's options read as, by their dotted paths, in a form that equal values share. Tells
    /// two spellings of one config apart from two configs; follows no reference to a file or a secret.
    package func readings(path: String) -> (values: [String: String], faults: [Fault]) {
        var faults = FaultList()
        guard let root = tree(path, &faults) else { return ([:], faults.sorted) }
        faults.append(TreeCheck.check(root))
        return (OptionTable.readings(of: root), faults.sorted)
    }

    /// The tree alone; nil where the file cannot be read as what its name says it is.
    private func tree(_ path: String, _ faults: inout FaultList) -> SettingNode? {
        func fail(_ message: String, _ remedy: String) {
            faults.append([Fault(.error, file: path, line: nil, message: message, remedy: remedy)])
        }
        let name = path.lowercased()
        let isINI = name.hasSuffix(".ini") || name.hasSuffix(".conf")
        guard isINI || name.hasSuffix(".yaml") || name.hasSuffix(".yml") else {
            fail("the file's name does not tell how it is written", "Name it .yaml or .yml, or .ini or .conf")
            return nil
        }
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try files.read(
                PathText.absolute(path, from: files.currentDirectory), limit: SettingText.maximumSize)
        } catch {
            fail(
                "the file \(error.text)",
                error == .tooLarge
                    ? "A config is at most 1 MiB" : "Name a config file that can be read, with --config FILE")
            return nil
        }
        var found: [Fault] = []
        defer { faults.append(found) }
        guard let text = SettingText(file: path, bytes: bytes, faults: &found) else { return nil }
        return isINI ? INIReader.read(text, faults: &found) : YAMLReader.read(text, faults: &found)
    }
}
