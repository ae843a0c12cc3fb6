/// Where each metric's cells lie in one flat block of integers, for one set of names.
package struct MetricLayout: Sendable, Equatable {
    /// A histogram's upper bounds in microseconds; one more bucket takes the rest.
    package static let bounds: [Int64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
        5_000_000, 10_000_000, 30_000_000,
    ]
    /// Cells of one histogram: its buckets, then the sum of all values in microseconds.
    static let histogramWidth = bounds.count + 2

    package let names: MetricNames
    /// By the metric's raw value: the first cell, and each label's number of values (1 where it has none).
    let bases: [Int]
    let firstCounts: [Int]
    let secondCounts: [Int]
    package let cellCount: Int

    package init(names: MetricNames) {
        var bases: [Int] = []
        var firstCounts: [Int] = []
        var secondCounts: [Int] = []
        var next = 0
        for metric in Metric.allCases {
            let declaration = metric.declaration
            let counts = declaration.labels.map { $0.values(in: names).count }
            precondition(counts.count <= 2)
            bases.append(next)
            firstCounts.append(counts.first ?? 1)
            secondCounts.append(counts.count > 1 ? counts[1] : 1)
            let width = declaration.kind == .histogram ? Self.histogramWidth : 1
            next += counts.reduce(1, *) * width
        }
        self.names = names
        self.bases = bases
        self.firstCounts = firstCounts
        self.secondCounts = secondCounts
        self.cellCount = next
    }

    func cell(_ metric: Metric, _ first: Int, _ second: Int) -> Int {
        let index = metric.rawValue
        precondition(first >= 0 && first < firstCounts[index] && second >= 0 && second < secondCounts[index])
        return bases[index] + first * secondCounts[index] + second
    }

    func histogramCell(_ metric: Metric, _ first: Int) -> Int {
        let index = metric.rawValue
        precondition(first >= 0 && first < firstCounts[index])
        return bases[index] + first * Self.histogramWidth
    }
}

/// One worker's metrics: a plain block of integers that only its thread touches, without locks or
/// atomics. What others see is a snapshot that the thread itself makes.
///
/// A first label that is a name of the config is given by its index: its position in the list that
/// `MetricNames` was made of, plus one; 0 is none.
package final class Counters {
    private let layout: MetricLayout
    private var cells: [Int64]
    /// The cells that are set rather than added to: they tell how things are, and end with whoever tells it.
    private var areSet: Set<Int> = []

    /// - Parameter old: what it goes on with.
    package init(_ layout: MetricLayout, continuing old: Counters? = nil) {
        self.layout = layout
        cells = old?.remains.mapped(to: layout).cells ?? Array(repeating: 0, count: layout.cellCount)
    }

    package var snapshot: MetricSnapshot { MetricSnapshot(layout: layout, cells: cells) }

    /// What it has counted, without what was set: what remains of it when another takes its place.
    package var remains: MetricSnapshot {
        var remains = snapshot
        for cell in areSet { remains.cells[cell] = 0 }
        return remains
    }

    /// One request's end, in all the metrics that count requests.
    package func count(site: Int, outcome: Outcome, status: Int, bytes: Int64, duration microseconds: Int64) {
        add(1, to: .requests, site, outcome.index)
        add(1, to: .responses, site, StatusClass(status: status).index)
        add(bytes, to: .responseBytes, site)
        observe(microseconds, in: .requestDuration, site)
    }

    /// Adds to a counter or, with either sign, to a gauge.
    package func add(_ amount: Int64, to metric: Metric, _ first: Int = 0, _ second: Int = 0) {
        let cell = layout.cell(metric, first, second)
        cells[cell] &+= amount
    }

    package func add(_ amount: Int64 = 1, to metric: Metric, _ value: some MetricLabelValue) {
        add(amount, to: metric, value.index)
    }

    package func add(_ amount: Int64 = 1, to metric: Metric, _ first: Int, _ second: some MetricLabelValue) {
        add(amount, to: metric, first, second.index)
    }

    /// Sets a gauge. Snapshots of several workers are added up, so only one of them may set the same.
    package func set(_ metric: Metric, _ first: Int = 0, _ second: Int = 0, to value: Int64) {
        let cell = layout.cell(metric, first, second)
        cells[cell] = value
        areSet.insert(cell)
    }

    /// Puts a duration into a histogram's bucket.
    package func observe(_ microseconds: Int64, in metric: Metric, _ first: Int = 0) {
        let base = layout.histogramCell(metric, first)
        let bounds = MetricLayout.bounds
        var bucket = 0
        while bucket < bounds.count, microseconds > bounds[bucket] { bucket += 1 }
        cells[base + bucket] &+= 1
        cells[base + MetricLayout.histogramWidth - 1] &+= microseconds
    }
}

/// All metrics' values at one moment: of one worker, or added up over several.
package struct MetricSnapshot: Sendable {
    package let layout: MetricLayout
    var cells: [Int64]

    /// Nothing counted yet.
    package init(_ layout: MetricLayout) {
        self.init(layout: layout, cells: Array(repeating: 0, count: layout.cellCount))
    }

    init(layout: MetricLayout, cells: [Int64]) {
        self.layout = layout
        self.cells = cells
    }

    /// A counter's or a gauge's value, by its labels' indices.
    package func value(_ metric: Metric, _ first: Int = 0, _ second: Int = 0) -> Int64 {
        cells[layout.cell(metric, first, second)]
    }

    /// Adds another's values. One of an older config is added name by name; what has lost its name is
    /// left out.
    package mutating func merge(_ other: MetricSnapshot) {
        guard other.layout != layout else {
            for index in cells.indices { cells[index] &+= other.cells[index] }
            return
        }
        for metric in Metric.allCases {
            let declaration = metric.declaration
            let width = declaration.kind == .histogram ? MetricLayout.histogramWidth : 1
            let old = Self.labelValues(declaration, other.layout.names)
            let position = Dictionary(
                uniqueKeysWithValues: Self.labelValues(declaration, layout.names).enumerated().map { ($1, $0) })
            for (index, values) in old.enumerated() {
                guard let target = position[values] else { continue }
                for offset in 0..<width {
                    cells[layout.bases[metric.rawValue] + target * width + offset] &+=
                        other.cells[other.layout.bases[metric.rawValue] + index * width + offset]
                }
            }
        }
    }

    /// The same by another config's names.
    package func mapped(to layout: MetricLayout) -> MetricSnapshot {
        var mapped = MetricSnapshot(layout)
        mapped.merge(self)
        return mapped
    }

    /// Every combination of a metric's label values, in the order of its cells.
    static func labelValues(_ declaration: Metric.Declaration, _ names: MetricNames) -> [[String]] {
        declaration.labels.reduce([[]]) { rows, label in
            rows.flatMap { row in label.values(in: names).map { row + [$0] } }
        }
    }
}
