import COpenSSL

/// Bytes that no log, error or debugger's print shows, and that are wiped when the last holder lets go.
package struct SecretBytes: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let storage: Storage

    package init(_ bytes: [UInt8]) { storage = Storage(bytes) }

    package var count: Int { storage.bytes.count }
    package var isEmpty: Bool { storage.bytes.isEmpty }

    /// The bytes, for as long as `body` runs; it keeps no copy.
    package func withBytes<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.bytes)
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Immutable until `deinit`, so that sharing it between threads is sound.
    private final class Storage: @unchecked Sendable {
        private(set) var bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        deinit {
            bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        }
    }
}

extension SecretBytes: Equatable {
    package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        ConstantTime.equal(left.storage.bytes, right.storage.bytes)
    }
}

/// Text that no log, error or debugger's print shows.
package struct SecretText: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    private let bytes: SecretBytes

    package init(_ text: String) { bytes = SecretBytes(Array(text.utf8)) }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The text itself: for the one place that sends it.
    package func reveal() -> String { bytes.withBytes { String(decoding: $0, as: UTF8.self) } }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
