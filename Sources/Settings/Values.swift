/// The small values that settings are made of: spans of time, sizes, secrets, and files that were read.

/// A span of time, never negative, in whole milliseconds.
package struct TimeSpan: Sendable, Hashable, Comparable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package init(seconds: Int64) { milliseconds = seconds * 1000 }

    /// Rounded down.
    package var seconds: Int64 { milliseconds / 1000 }
    package var nanoseconds: Int64 { milliseconds * 1_000_000 }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
}

/// A secret that was read from where the config points. It does not print itself.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without a trailing line feed.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The secret as text. Named so that its use is easy to find.
    package func reveal() -> String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A file's bytes as they were when the config was read, so that a reload takes all of it or none.
package struct FileContent: Sendable, Hashable {
    /// Where it was read, for messages: a path, or the reference that stands in the config.
    package let source: String
    package let bytes: [UInt8]

    package init(source: String, bytes: [UInt8]) {
        self.source = source
        self.bytes = bytes
    }
}
