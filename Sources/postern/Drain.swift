import ArgumentParser

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the running instance finish what runs, and end: as SIGTERM does.",
        discussion: "It takes no new connections, and /readyz says 503 from then on.")

    @OptionGroup var instance: AdminOptions

    func run() throws { try instance.tell("/drain", order: []) }
}
