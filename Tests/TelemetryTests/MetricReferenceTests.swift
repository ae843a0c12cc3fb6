import Foundation
import Telemetry
import Testing

/// That the reference's pages say what the tables say.
struct MetricReferenceTests {
    private func page(_ name: String) throws -> String {
        let parts = #filePath.split(separator: "/").dropLast(3).map(String.init) + ["docs", name]
        let data = try #require(FileManager.default.contents(atPath: "/" + parts.joined(separator: "/")))
        return String(decoding: data, as: UTF8.self)
    }

    @Test func theMetricsPageIsTheTable() throws {
        #expect(try page("metrics.md") == MetricReference.markdown(), "make docs writes it anew")
    }

    @Test func theReferenceListsEveryOutcomeInItsOrder() throws {
        let text = try page("reference.md")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "### Outcomes"))
        let rows = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }.filter { $0.hasPrefix("| `") }
        let names = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(names == Outcome.allCases.map(\.rawValue))
    }

    @Test func theReferenceListsEveryFieldOfTheAccessLog() throws {
        let text = try page("reference.md")
        for name in [
            "time", "kind", "site", "host", "method", "path", "version", "status", "bytes", "duration_ms", "outcome",
            "sub", "reference", "trace_id", "peer",
        ] {
            #expect(text.contains("\n| `\(name)` |"), "\(name)")
        }
    }
}
