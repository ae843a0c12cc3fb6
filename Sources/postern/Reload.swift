import ArgumentParser
import Gateway
import Posix

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the running instance read its config again, and tells what came of it: as SIGHUP does.",
        discussion: "All of it takes effect, or nothing does. The exit status is 78 where the config does not hold.")

    /// Longer than new providers and buckets are waited for.
    private static let patience: Int64 = 120

    @OptionGroup var instance: AdminOptions
    @Flag(help: "The faults as one JSON object, as postern check has them.") var json = false

    func run() throws {
        let answer = try instance.ask("/reload", order: [], wantsJSON: json, seconds: Self.patience)
        guard answer.status == 409 else { return try instance.show(answer) }
        if json { StandardStreams.print(answer.line + "\n") }
        throw CommandFailure.config(json ? "" : "postern: " + answer.line)
    }
}
