import ArgumentParser
import Settings

struct LogLevel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Has the running instance log more, or less, until it reads its config again.")

    @OptionGroup var instance: AdminOptions
    @Argument(help: "error, warning, info or debug.") var level: LogSettings.Level

    func run() throws { try instance.tell("/log-level", order: AdminOptions.order(["level": level.rawValue])) }
}

extension LogSettings.Level: ExpressibleByArgument {}
