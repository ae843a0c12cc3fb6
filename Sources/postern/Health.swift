import ArgumentParser
import Posix

/// For what watches over a container, where there is no shell and no curl.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks the running instance whether it serves: exit status 0, or 1.")

    @OptionGroup var instance: AdminOptions
    @Flag(help: "Asks whether all that requests need is loaded, too: /readyz in place of /healthz.")
    var ready = false

    /// In seconds: less than what watches waits for it.
    private static let patience: Int64 = 4

    /// What is not ready is an answer, too.
    func run() throws {
        let answer = try instance.ask(ready ? "/readyz" : "/healthz", seconds: Self.patience)
        StandardStreams.print(answer.line + "\n")
        if answer.status >= 400 { throw CommandFailure.failed("") }
    }
}
