import ArgumentParser
import Telemetry

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells why a request was answered as it was, by the reference that the page showed.",
        discussion: "The running instance remembers the latest answers (limits.decisions). Older ones stand in its log."
    )

    @OptionGroup var instance: AdminOptions
    @Flag(help: "As one JSON object.") var json = false
    @Argument(help: "The reference, such as 7K3M9QX2TB.") var reference: String

    func validate() throws {
        guard Telemetry.Reference.read(reference) != nil else {
            throw ValidationError("'\(reference)' is no reference: that is ten letters and digits, such as 7K3M9QX2TB.")
        }
    }

    func run() throws {
        try instance.tell("/why/" + (Telemetry.Reference.read(reference) ?? ""), wantsJSON: json)
    }
}
