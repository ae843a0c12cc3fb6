/// Where the instance of a config is asked, as far as its file says: also where the rest of it does not hold, and where
/// its secrets may not be read by whoever asks.
package struct AdminReadings: Sendable, Equatable {
    /// An absolute path; nil where the config names none.
    package var socket: String?
    /// Nil where the config has no `admin` section.
    package var address: ListenAddress?
}

extension ConfigurationLoader {
    /// - Returns: nil where the file cannot be read as a config at all; the faults say why.
    package static func admin(
        path: String, environment: [String: String]
    ) -> (readings: AdminReadings?, faults: [Fault]) {
        let files = LocalFiles(), tree = ConfigurationTree.read(path, files: files)
        guard let written = tree.root else { return (nil, tree.faults) }
        var faults = FaultList()
        let root = EnvironmentOverrides.apply(environment, to: written, &faults)
        let source = ContentSource(
            files: files, environment: environment, written: tree.files,
            directory: PathText.directory(of: PathText.absolute(path, from: files.currentDirectory)))
        let section = SettingSection.root(root).section("admin")
        guard section.isPresent else { return (AdminReadings(), []) }
        var readings = AdminReadings(
            socket: section.located(Options.adminSocket).map(source.path),
            address: section.value(Options.adminAddress))
        if case .unix(let place)? = readings.address {
            readings.address = .unix(source.path(place, at: section.position(of: Options.adminAddress)))
        }
        return (readings, [])
    }
}

extension ListenAddress {
    /// Of text as the config has it.
    package init?(_ text: String) {
        let item = SettingNode.Item(text: text, position: Position(file: "", line: 0))
        guard case .value(let address) = Options.adminAddress.kind.read([item]) else { return nil }
        self = address
    }
}
