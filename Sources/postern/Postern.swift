import ArgumentParser
import Posix

/// The command line. What each command does stands in its own file.
@main
struct Postern: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "Puts a sign-in in front of private, S3-compatible buckets.",
        discussion: "Start with a config file (see config/postern.yaml) and `postern check --config FILE`.",
        subcommands: [
            Serve.self, Check.self, DoctorCommand.self, Explain.self, Status.self, Health.self, Why.self, Revoke.self,
            Reload.self, LogLevel.self, Drain.self, Secret.self, ShowVersion.self, Reference.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty { StandardStreams.print(failure.message + "\n", to: .error) }
            CurrentProcess.exit(failure.status)
        } catch {
            // ArgumentParser's word for wrong usage is 64; Postern's is 2. Help is no error.
            let isSuccess = exitCode(for: error).isSuccess
            let text = fullMessage(for: error)
            if isSuccess { StandardStreams.print(text + "\n") } else { StandardStreams.print(text + "\n", to: .error) }
            CurrentProcess.exit(isSuccess ? 0 : 2)
        }
    }
}

/// Ends a command with an exit status and something to say on standard error.
struct CommandFailure: Error {
    var status: Int32
    var message: String

    /// A failure while running.
    static func failed(_ message: String) -> CommandFailure { CommandFailure(status: 1, message: message) }
    /// EX_CONFIG: a config that does not hold.
    static func config(_ message: String) -> CommandFailure { CommandFailure(status: 78, message: message) }
}

struct ConfigOption: ParsableArguments {
    @Option(name: .shortAndLong, help: "The config file, YAML (.yaml, .yml) or INI (.ini, .conf).")
    var config = "/etc/postern/postern.yaml"
}
