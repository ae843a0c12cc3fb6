import ArgumentParser
import Gateway
import Settings

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the gateway in the foreground.")

    @OptionGroup var file: ConfigOption

    func run() throws {
        let (configuration, faults) = ConfigurationLoader.load(path: file.config, environment: CurrentProcess.environment)
        for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
        guard let configuration else {
            throw CommandFailure.config("\(file.config) does not hold; nothing was started.")
        }
        do {
            try Daemon(configuration).run()
        } catch {
            throw CommandFailure.failed("postern: \(error)")
        }
    }
}
