import Bytes

/// The trace that a request belongs to, as W3C Trace Context has it (`traceparent`).
package struct TraceContext: Sendable, Equatable {
    /// 32 hexadecimal digits in lower case, not all of them zero.
    package let traceID: String
    /// The field's value.
    package let text: String

    /// The request's own; nil where it has none, several, or one that does not hold.
    package init?(_ fields: borrowing Fields) {
        guard let index = fields.index(of: .traceparent), fields.index(of: .traceparent, from: index + 1) == nil else {
            return nil
        }
        self.init(fields.value(at: index))
    }

    /// Section 3.2: `version-trace_id-parent_id-flags`. Versions to come may have more behind it.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 55 || bytes.count > 55 && bytes[55] == Self.dash, bytes.count <= Self.longest else {
            return nil
        }
        for (index, byte) in bytes.prefix(55).enumerated() {
            switch index {
            case 2, 35, 52: guard byte == Self.dash else { return nil }
            default: guard Self.isDigit(byte) else { return nil }
            }
        }
        let zero = UInt8(ascii: "0")
        let isKnown = bytes[0] == zero && bytes[1] == zero
        guard !isKnown || bytes.count == 55, bytes[0..<2] != [0x66, 0x66],
            bytes[3..<35].contains(where: { $0 != zero }), bytes[36..<52].contains(where: { $0 != zero })
        else { return nil }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        self.text = text
    }

    /// A new trace, which is to be recorded.
    /// - Parameter random: 24 bytes that nobody has used for another.
    package init(random: [UInt8]) {
        precondition(random.count >= 24)
        // No part may be all zeros.
        let trace = Hex.encode([random[0] | 1] + random[1..<16]),
            parent = Hex.encode([random[16] | 1] + random[17..<24])
        traceID = trace
        text = "00-\(trace)-\(parent)-01"
    }

    private static let dash: UInt8 = 0x2D
    /// A value that is longer is no business of ours.
    private static let longest = 512

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x66: true
        default: false
        }
    }
}
