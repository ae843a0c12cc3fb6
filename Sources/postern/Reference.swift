import ArgumentParser
import Posix
import Settings
import Telemetry

/// Prints a page of the reference that is made from a table of the program's: `make docs` keeps them in docs/.
struct Reference: ParsableCommand {
    enum Page: String, ExpressibleByArgument, CaseIterable { case configuration, metrics }

    static let configuration = CommandConfiguration(
        abstract: "Prints a generated page of the reference, in Markdown.", shouldDisplay: false)

    @Argument(help: "configuration or metrics.") var page: Page

    func run() {
        switch page {
        case .configuration: StandardStreams.print(OptionReference.markdown())
        case .metrics: StandardStreams.print(MetricReference.markdown())
        }
    }
}
