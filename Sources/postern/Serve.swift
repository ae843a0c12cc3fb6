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
        let path = file.config
        let load: @Sendable () -> (configuration: Configuration?, faults: [Fault]) = {
            let (configuration, faults) = ConfigurationLoader.load(path: path, environment: environment)
            guard let configuration else { return (nil, faults) }
            let more = Preflight.faults(configuration, passed: passed)
            return (more.isEmpty ? configuration : nil, faults + more)
        }
        let (configuration, faults) = load()
        for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
        guard let configuration else {
            throw CommandFailure.config("\(path) does not hold; nothing was started.")
        }
        do {
            try Daemon(configuration, build: Version.build, passed: passed, manager: manager, load: load).run()
        } catch {
            throw CommandFailure.failed("postern: \(error)")
        }
    }
}
