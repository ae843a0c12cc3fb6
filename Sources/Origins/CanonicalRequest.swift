import Bytes
import HTTP

/// A header that is part of what is signed.
package struct SignedHeader: Sendable {
    package let name: FieldName
    package let value: String
    /// Whether the value is known to hold no white space that the canonical form would drop.
    let isFolded: Bool

    package init(_ name: FieldName, _ value: String) { self.init(name, value, isFolded: false) }

    init(_ name: FieldName, _ value: String, isFolded: Bool) {
        self.name = name
        self.value = value
        self.isFolded = isFolded
    }
}

/// The one spelling of a request over which its signature is made, as Signature Version 4 lays it
/// down for S3: the path encoded once and not normalised. It is written into a buffer that serves
/// one request after the other.
package struct CanonicalRequest {
    package private(set) var bytes: [UInt8] = []
    /// Where in `bytes` the names of the signed headers stand, joined by `;`.
    package private(set) var signedHeaders = 0..<0

    package init() { bytes.reserveCapacity(1024) }

    /// - Parameters:
    ///   - path: percent-encoded, as it is sent; `PercentCoding` keeping slashes is the encoding.
    ///   - query: as `encodeQuery` makes it, without `?`.
    ///   - headers: sorted by name, each name once.
    ///   - payloadHash: what `x-amz-content-sha256` says.
    package mutating func write(
        method: String, path: [UInt8], query: [UInt8], headers: [SignedHeader], payloadHash: String
    ) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: method.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: path)
        bytes.append(0x0A)
        bytes.append(contentsOf: query)
        bytes.append(0x0A)
        for header in headers {
            bytes.append(contentsOf: header.name.text.utf8)
            bytes.append(0x3A)
            if header.isFolded {
                bytes.append(contentsOf: header.value.utf8)
            } else {
                Self.appendFolded(header.value, to: &bytes)
            }
            bytes.append(0x0A)
        }
        bytes.append(0x0A)
        let start = bytes.count
        for header in headers {
            if bytes.count > start { bytes.append(0x3B) }
            bytes.append(contentsOf: header.name.text.utf8)
        }
        signedHeaders = start..<bytes.count
        bytes.append(0x0A)
        bytes.append(contentsOf: payloadHash.utf8)
    }

    /// A value without white space at its ends, and with one space for each run within.
    private static func appendFolded(_ value: String, to out: inout [UInt8]) {
        let start = out.count
        out.append(contentsOf: value.utf8)
        var isFolded = true
        var previous: UInt8 = 0x20
        for index in start..<out.count {
            let byte = out[index]
            if byte == 0x09 || (byte == 0x20 && previous == 0x20) { isFolded = false }
            previous = byte
        }
        if isFolded && (previous != 0x20 || out.count == start) { return }
        let unfolded = out[start...].split { $0 == 0x20 || $0 == 0x09 }
        let folded = Array(unfolded.joined(separator: [0x20]))
        out.removeSubrange(start...)
        out.append(contentsOf: folded)
    }

    /// The query of a request: each name and value percent-encoded (a slash as well), sorted by the
    /// encoded name, then by the encoded value.
    package static func encodeQuery(_ parameters: [(name: String, value: String)]) -> [UInt8] {
        let pairs = parameters.map {
            (Array(PercentCoding.encode($0.name).utf8), Array(PercentCoding.encode($0.value).utf8))
        }
        .sorted { left, right in
            left.0 == right.0
                ? left.1.lexicographicallyPrecedes(right.1) : left.0.lexicographicallyPrecedes(right.0)
        }
        var out: [UInt8] = []
        for (name, value) in pairs {
            if !out.isEmpty { out.append(0x26) }
            out.append(contentsOf: name)
            out.append(0x3D)
            out.append(contentsOf: value)
        }
        return out
    }
}
