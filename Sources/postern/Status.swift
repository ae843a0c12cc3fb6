import ArgumentParser

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows how the running instance is: sites, providers, origins, listeners, sessions, connections.")

    @OptionGroup var instance: AdminOptions
    @Flag(help: "As one JSON object.") var json = false

    func run() throws { try instance.tell("/status", wantsJSON: json) }
}
