import ArgumentParser
import Gateway
import Posix
import Settings

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the gateway in the foreground.")

    @OptionGroup var file: ConfigOption

    func run() throws {
        let environment = CurrentProcess.environment
        let manager = ServiceManager.take()
        let passed: PassedSockets
        do { passed = try PassedSockets.take() } catch { throw CommandFailure.failed("postern: \(error)") }
        var (configuration, faults) = ConfigurationLoader.load(path: file.config, environment: environment)
        if let checked = configuration {
            let more = Preflight.faults(checked, passed: passed)
            if !more.isEmpty { configuration = nil }
            faults += more
        }
        for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
        guard let configuration else {
            throw CommandFailure.config("\(file.config) does not hold; nothing was started.")
        }
        do {
            try Daemon(configuration, build: Version.build, passed: passed, manager: manager).run()
        } catch {
            throw CommandFailure.failed("postern: \(error)")
        }
    }
}
