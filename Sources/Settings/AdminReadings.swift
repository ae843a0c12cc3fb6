/// Where the instance of a config is asked, as far as its file says: also where the rest of it does not hold, and where
/// its secrets may not be read by whoever asks.
package struct AdminReadings: Sendable, Equatable {
    /// An absolute path; nil where the config names none.
    package var socket: String?
    /// Nil where the config says nothing of the admin listener.
    package var address: ListenAddress?
}

extension ConfigurationLoader {
    /// - Returns: nil where the file cannot be read as a config at all; the faults say why.
    package static func admin(path: String) -> (readings: AdminReadings?, faults: [Fault]) {
        let (values, faults) = ConfigurationLoader().readings(path: path)
        guard !values.isEmpty else { return (nil, faults) }
        let directory = PathText.directory(of: PathText.absolute(path, from: LocalFiles().currentDirectory))
        var readings = AdminReadings()
        readings.socket = values[Options.adminSocket.path].map { PathText.absolute($0, from: directory) }
        guard values.keys.contains(where: { $0.hasPrefix("admin.") }) else { return (readings, faults) }
        readings.address = Options.adminAddress.defaultValue
        if let address = values[Options.adminAddress.path].flatMap({ ListenAddress($0) }) {
            readings.address = address
            if case .unix(let place) = address { readings.address = .unix(PathText.absolute(place, from: directory)) }
        }
        return (readings, faults)
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
