import ArgumentParser

/// For what watches over a container, where there is no shell and no curl.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks the running instance whether it serves: exit status 0, or 1.")

    @OptionGroup var instance: AdminOptions
    @Flag(help: "Asks whether all that requests need is loaded, too: /readyz in place of /healthz.")
    var ready = false

    func run() throws { try instance.tell(ready ? "/readyz" : "/healthz", seconds: 4) }
}
