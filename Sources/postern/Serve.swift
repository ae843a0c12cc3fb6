import ArgumentParser
import Gateway
import Posix
import Settings

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the gateway in the foreground.")

    @OptionGroup var file: ConfigOption

    func run() throws {
        var (configuration, faults) = ConfigurationLoader.load(
            path: file.config, environment: CurrentProcess.environment)
        if let checked = configuration {
            let more = Preflight.faults(checked)
            if !more.isEmpty { configuration = nil }
            faults += more
        }
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
