import ArgumentParser
import Posix
import Settings
import Telemetry

/// Prints what is made from a table of the program's, pages of the reference and a schema: `make docs` keeps them in docs/.
struct Reference: ParsableCommand {
    enum Page: String, ExpressibleByArgument, CaseIterable { case configuration, metrics, schema }

    static let configuration = CommandConfiguration(
        abstract: "Prints a generated page of the reference in Markdown, or the config's JSON Schema.",
        shouldDisplay: false)

    @Argument(help: "configuration, metrics or schema.") var page: Page

    func run() {
        switch page {
        case .configuration: StandardStreams.print(OptionReference.markdown())
        case .schema: StandardStreams.print(OptionSchema.json())
        case .metrics: StandardStreams.print(MetricReference.markdown())
        }
    }
}
