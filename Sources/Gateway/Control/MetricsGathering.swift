import Telemetry

/// Adds up what the workers have counted, as their answers come in.
final class MetricsGathering {
    private var sum: MetricSnapshot
    private let build: BuildInfo
    private var missing: Int
    private let done: ([UInt8]) -> Void

    /// - Parameter own: the process's own, to which the workers' are added.
    init(_ own: MetricSnapshot, build: BuildInfo, expected: Int, done: @escaping ([UInt8]) -> Void) {
        sum = own
        self.build = build
        missing = expected
        self.done = done
        if expected == 0 { done(text) }
    }

    private var text: [UInt8] { Array(PrometheusText.render(sum, build: build).utf8) }

    func add(_ snapshot: MetricSnapshot) {
        sum.merge(snapshot)
        missing -= 1
        if missing == 0 { done(text) }
    }
}
