import Bytes
import Cryptography

/// Which session a cookie is of: 16 random bytes, made anew at every sign-in, that nobody outside learns.
///
/// Also names a sign-in in flight. A value that lies inline: a dictionary key that allocates nothing.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 16

    private let high, low: UInt64

    /// Nil unless there are exactly 16 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    package static func random() -> SessionID { SessionID(SecureRandom.bytes(byteCount))! }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.byteCount)
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return out
    }

    /// The first four bytes, which tell sessions apart in a log and open nothing.
    package var description: String { Hex.encode(Array(bytes.prefix(4))) }
}
