import Bytes
import HTTP

/// What an app is asked for: the path decoded once and encoded once, and the query as it was sent.
///
/// A `;` is encoded too: some servers drop it and what follows from a segment, and would find another path than the one
/// whose rule was asked.
package enum UpstreamTarget {
    /// - Parameter segments: decoded; those of `RequestTarget`, or the last of them.
    package static func text(_ segments: some Sequence<String>, isDirectory: Bool, query: String?) -> String {
        var out: [UInt8] = []
        for segment in segments {
            out.append(0x2F)
            for byte in segment.utf8 {
                if keeps(byte) {
                    out.append(byte)
                } else {
                    PercentCoding.append(CollectionOfOne(byte), keepingSlashes: false, to: &out)
                }
            }
        }
        if isDirectory || out.isEmpty { out.append(0x2F) }
        if let query {
            out.append(0x3F)
            out.append(contentsOf: query.utf8)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `pchar` (RFC 3986 section 3.3) but for `;`.
    private static func keeps(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x3A, 0x40, 0x21, 0x24, 0x26...0x2C, 0x3D: true
        default: PercentCoding.isUnreserved(byte)
        }
    }
}
