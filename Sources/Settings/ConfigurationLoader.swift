/// Reads a config file, in either spelling, what it includes, and what the environment says in its place, and holds it
/// against everything that can be known without the network: the option table, the files and secrets that it points to,
/// and itself.
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
        let tree = ConfigurationTree.read(path, files: files)
        var faults = FaultList()
        faults.append(tree.faults)
        guard var root = tree.root else { return (nil, faults.sorted) }
        root = EnvironmentOverrides.apply(environment, to: root, &faults)
        faults.append(TreeCheck.check(root))
        // What stands in a file that could not be read would seem to be missing.
        guard tree.isWhole else { return (nil, faults.sorted) }
        let absolute = PathText.absolute(path, from: files.currentDirectory)
        let source = ContentSource(
            files: files, environment: environment, written: tree.files,
            directory: PathText.directory(of: absolute))
        var reader = ConfigurationReader(source: source, faults: faults)
        let configuration = reader.read(.root(root), file: path)
        return (reader.faults.hasErrors ? nil : configuration, reader.faults.sorted)
    }

    /// What the file's options read as, by their dotted paths, in a form that equal values share. Tells
    /// two spellings of one config apart from two configs; follows no reference to a file or a secret, asks no variable.
    package func readings(path: String) -> (values: [String: String], faults: [Fault]) {
        let tree = ConfigurationTree.read(path, files: files, follows: false)
        var faults = FaultList()
        faults.append(tree.faults)
        guard let root = tree.root else { return ([:], faults.sorted) }
        faults.append(TreeCheck.check(root))
        return (OptionTable.readings(of: root), faults.sorted)
    }
}
