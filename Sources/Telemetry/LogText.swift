/// Appends values to a log line's bytes, in JSON or as `key=value` text.
///
/// It writes into room that is there already (`room(for:)` says how much a value may need), so that a
/// line is one growth of the buffer and no other allocation. Whatever comes in, a line stays one line:
/// control characters, DEL, C1 controls and U+2028/2029 are escaped.
enum LogText {
    /// What a text may grow to: `\u00XX` for each byte, and quotes.
    static func room(for text: String) -> Int { text.utf8.count * 6 + 2 }

    /// The inside of a JSON string (RFC 8259 section 7), ending at `stop` where that byte comes first.
    static func appendEscaped(_ text: String, stop: UInt8? = nil, to out: inout OutputSpan<UInt8>) {
        let utf8 = text.utf8.span
        appendEscaped(utf8, stop: stop, to: &out)
    }

    static func appendEscaped(_ utf8: Span<UInt8>, stop: UInt8?, to out: inout OutputSpan<UInt8>) {
        // NUL is never plain, and so stands for no stop.
        let end = stop ?? 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            if byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C, byte != end {
                out.append(byte)
                index += 1
            } else if stop == byte {
                return
            } else {
                index += appendSpecial(utf8.extracting(index..<utf8.count), to: &out)
            }
        }
    }

    /// One character that cannot stand as it is, or that is not ASCII; answers how many bytes it took.
    private static func appendSpecial(_ utf8: Span<UInt8>, to out: inout OutputSpan<UInt8>) -> Int {
        let first = utf8[0]
        switch first {
        case 0x22, 0x5C:
            out.append(0x5C)
            out.append(first)
            return 1
        case 0x0A:
            out.append(0x5C)
            out.append(0x6E)
            return 1
        case 0x0D:
            out.append(0x5C)
            out.append(0x72)
            return 1
        case 0x09:
            out.append(0x5C)
            out.append(0x74)
            return 1
        case 0x00..<0x20, 0x7F:
            appendUnicodeEscape(UInt32(first), to: &out)
            return 1
        default:
            break
        }
        let (scalar, length) = UTF8Scalar.decode(utf8)
        switch scalar {
        case nil:
            appendUnicodeEscape(0xFFFD, to: &out)
        case .some(let value) where (0x80..<0xA0).contains(value) || value == 0x2028 || value == 0x2029:
            appendUnicodeEscape(value, to: &out)
        default:
            for index in 0..<length { out.append(utf8[index]) }
        }
        return length
    }

    static func appendUnicodeEscape(_ value: UInt32, to out: inout OutputSpan<UInt8>) {
        out.append(0x5C)
        out.append(0x75)
        for shift in [12, 8, 4, 0] as [UInt32] { out.append(hexDigit(UInt8(value >> shift & 15))) }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// A value in text: bare where it needs no quotes, else as a JSON string.
    static func appendValue(_ text: String, stop: UInt8? = nil, to out: inout OutputSpan<UInt8>) {
        let utf8 = text.utf8.span
        let end = stop ?? 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            guard byte > 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C, byte != 0x3D, byte != end else { break }
            index += 1
        }
        if index > 0, index == utf8.count || utf8[index] == stop {
            for position in 0..<index { out.append(utf8[position]) }
            return
        }
        out.append(0x22)
        appendEscaped(utf8, stop: stop, to: &out)
        out.append(0x22)
    }

    /// A constant piece of a line.
    static func append(_ text: StaticText, to out: inout OutputSpan<UInt8>) {
        let bytes = text.bytes
        let span = bytes.span
        for index in span.indices { out.append(span[index]) }
    }

    static func append(_ text: String, to out: inout OutputSpan<UInt8>) {
        let utf8 = text.utf8.span
        for index in utf8.indices { out.append(utf8[index]) }
    }

    static func appendDecimal(_ value: Int64, to out: inout OutputSpan<UInt8>) {
        if value < 0 { out.append(0x2D) }
        var rest = value.magnitude
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var position = 20
        repeat {
            position -= 1
            digits[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in position..<20 { out.append(digits[index]) }
    }

    /// Microseconds as milliseconds with three decimals: `1500` becomes `1.500`.
    static func appendMilliseconds(_ microseconds: Int64, to out: inout OutputSpan<UInt8>) {
        let value = max(0, microseconds)
        appendDecimal(value / 1000, to: &out)
        let rest = value % 1000
        out.append(0x2E)
        out.append(0x30 + UInt8(rest / 100))
        out.append(0x30 + UInt8(rest / 10 % 10))
        out.append(0x30 + UInt8(rest % 10))
    }
}

/// A constant piece of a line as bytes, made once.
struct StaticText: Sendable {
    let bytes: [UInt8]
    init(_ text: String) { bytes = Array(text.utf8) }
}

/// UTF-8 decoding of one scalar (Unicode 15, table 3-7), for bytes that nobody vouches for.
enum UTF8Scalar {
    /// The first scalar and its length in bytes; nil and 1 where the first byte begins none.
    static func decode(_ utf8: Span<UInt8>) -> (scalar: UInt32?, length: Int) {
        func continuation(_ index: Int) -> UInt32? {
            guard index < utf8.count, utf8[index] & 0xC0 == 0x80 else { return nil }
            return UInt32(utf8[index] & 0x3F)
        }
        let first = UInt32(utf8[0])
        switch first {
        case 0x00..<0x80:
            return (first, 1)
        case 0xC2..<0xE0:
            guard let a = continuation(1) else { return (nil, 1) }
            return ((first & 0x1F) << 6 | a, 2)
        case 0xE0..<0xF0:
            guard let a = continuation(1), let b = continuation(2) else { return (nil, 1) }
            let value = (first & 0x0F) << 12 | a << 6 | b
            return value >= 0x800 && !(0xD800..<0xE000).contains(value) ? (value, 3) : (nil, 1)
        case 0xF0..<0xF5:
            guard let a = continuation(1), let b = continuation(2), let c = continuation(3) else { return (nil, 1) }
            let value = (first & 0x07) << 18 | a << 12 | b << 6 | c
            return value >= 0x10000 && value <= 0x10FFFF ? (value, 4) : (nil, 1)
        default:
            return (nil, 1)
        }
    }
}
