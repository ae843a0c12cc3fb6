import Logging
import Synchronization

/// Which events are written, and how: of all loggers of the process, from any thread, changed at any time.
package final class EventStyle: Sendable {
    private let levelIndex: Atomic<Int>
    private let isJSON: Atomic<Bool>

    package init(level: Logger.Level, format: LogFormat) {
        levelIndex = Atomic(Self.index(level))
        isJSON = Atomic(format == .json)
    }

    /// Events below it are not written.
    package var level: Logger.Level {
        get { Logger.Level.allCases[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(Self.index(newValue), ordering: .relaxed) }
    }

    package var format: LogFormat {
        get { isJSON.load(ordering: .relaxed) ? .json : .text }
        set { isJSON.store(newValue == .json, ordering: .relaxed) }
    }

    private static func index(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level)! }
}
