/// Writes JSON (RFC 8259) straight into bytes, for log lines and small answers. Commas and colons
/// come by themselves; that objects and arrays are closed is the caller's duty.
///
///     var json = JSONText()
///     json.object {
///         $0.member("error", "sign_in_required")
///         $0.member("status", 401)
///     }
package struct JSONText: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Whether the next value is the first in its object or array, or follows its key.
    private var needsComma = false

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package mutating func object(_ members: (inout JSONText) -> Void) {
        open(0x7B)
        members(&self)
        close(0x7D)
    }

    package mutating func array(_ elements: (inout JSONText) -> Void) {
        open(0x5B)
        elements(&self)
        close(0x5D)
    }

    package mutating func key(_ name: String) {
        string(name)
        bytes.append(0x3A)
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        Self.append(value, to: &bytes)
    }

    package mutating func number(_ value: some FixedWidthInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A value with `places` (0 to 9) decimals, rounded towards zero: `milli: 1234` with 3 places is `1.234`.
    package mutating func decimal(_ value: Int, places: Int) {
        separate()
        let digits = String(value.magnitude).utf8
        if value < 0 { bytes.append(0x2D) }
        let padding = max(0, places + 1 - digits.count)
        for (index, digit) in (Array(repeating: UInt8(0x30), count: padding) + digits).enumerated() {
            if index == padding + digits.count - places { bytes.append(0x2E) }
            bytes.append(digit)
        }
    }

    package mutating func boolean(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: some FixedWidthInteger) {
        key(name)
        number(value)
    }

    package mutating func member(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }

    /// Left out where nil.
    package mutating func member(_ name: String, _ value: String?) {
        if let value { member(name, value) }
    }

    package mutating func member(_ name: String, _ values: [String]) {
        key(name)
        array { for value in values { $0.string(value) } }
    }

    /// Appends `text` as a JSON string, with its quotation marks. Besides what must be escaped, DEL and the
    /// C1 controls are, so that a log line cannot steer the terminal it is shown on.
    package static func append(_ text: String, to out: inout [UInt8]) {
        out.append(0x22)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                out.append(0x5C)
                out.append(byte)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F: appendEscape(byte, to: &out)
            case 0x80...0x9F where previous == 0xC2:
                out.removeLast()
                appendEscape(byte, to: &out)
            default: out.append(byte)
            }
            previous = byte
        }
        out.append(0x22)
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(contentsOf: "\\u00".utf8)
        out.append(Hex.lowerDigits[Int(byte >> 4)])
        out.append(Hex.lowerDigits[Int(byte & 15)])
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}
