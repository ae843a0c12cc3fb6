import ArgumentParser
import Gateway
import Posix
import Settings

struct Check: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        abstract: "Reads and validates the config: every fault at once, and nothing on the network.")

    @OptionGroup var file: ConfigOption
    @ArgumentParser.Option(help: "text or json.") var format: Format = .text

    func run() throws {
        var (configuration, faults) = ConfigurationLoader.load(
            path: file.config, environment: CurrentProcess.environment)
        if let configuration { faults += Preflight.faults(configuration) }
        let isValid = !faults.contains { $0.severity == .error }
        switch format {
        case .json: StandardStreams.print(Fault.json(faults))
        case .text:
            for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
            if !faults.isEmpty { StandardStreams.print(Fault.counts(faults) + "\n", to: .error) }
            if isValid { StandardStreams.print("\(file.config): fine\n") }
        }
        if !isValid { throw CommandFailure.config("") }
    }
}
