import ArgumentParser

struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends all sessions of a user, of a group's members, or at a site.",
        discussion: """
            Those that have begun until now, on all instances that share the state directory, and also after a restart. \
            Who may sign in at the provider can do so again: close the account there first.
            """)

    @OptionGroup var instance: AdminOptions
    @ArgumentParser.Option(help: "The user's sub, or e-mail address.") var user: String?
    @ArgumentParser.Option(help: "The group, as the provider spells it.") var group: String?
    @ArgumentParser.Option(help: "The site's name in the config.") var site: String?
    @Flag(help: "The answer as one JSON object.") var json = false

    private var named: [(kind: String, name: String)] {
        [("user", user), ("group", group), ("site", site)].compactMap { kind, name in name.map { (kind, $0) } }
    }

    func validate() throws {
        guard named.count == 1, named[0].name != "" else {
            throw ValidationError("Name one: --user, --group or --site.")
        }
    }

    func run() throws {
        try instance.tell(
            "/sessions/revoke", order: AdminOptions.order([named[0].kind: named[0].name]), wantsJSON: json)
    }
}
