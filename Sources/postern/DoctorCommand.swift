import ArgumentParser
import Gateway
import Posix
import Settings

struct DoctorCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the config against the world: providers, buckets, certificates and this machine.",
        discussion:
            "Run it as the user that Postern runs as. A line for each check; the exit status is 1 where one fails.")

    @OptionGroup var file: ConfigOption
    @ArgumentParser.Option(help: "text or json.") var format: Format = .text

    func run() throws {
        let environment = CurrentProcess.environment
        var (configuration, faults) = ConfigurationLoader.load(path: file.config, environment: environment)
        if let configuration { faults += Preflight.faults(configuration) }
        for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
        guard let configuration, !faults.contains(where: { $0.severity == .error }) else {
            throw CommandFailure.config("\(file.config) does not hold: nobody was asked.")
        }
        let checkup: Checkup
        do { checkup = try Doctor.examine(configuration, environment: environment) } catch {
            throw CommandFailure.failed("postern: \(error)")
        }
        StandardStreams.print(format == .json ? checkup.json : checkup.text)
        if checkup.hasFailed { throw CommandFailure.failed("") }
    }
}
