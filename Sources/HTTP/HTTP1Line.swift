/// Finds the end of the line that begins at the front of the unconsumed input (RFC 9112 section 2.2).
///
/// It remembers how far it has looked, so that a line that arrives byte by byte is looked at once. Lines
/// end in CRLF and in nothing else; control bytes other than HTAB end the search as soon as they are seen.
struct HTTP1LineScanner: Sendable {
    enum Outcome {
        /// The line lies before `end`; its CRLF at `end` and `end + 1`.
        case line(end: Int)
        case incomplete
        case tooLong
        case failed(HTTP1Error)
    }

    /// Bytes of the line under way that have been looked at and hold no end.
    private var scanned = 0

    /// - Parameters:
    ///   - start: where the line begins in `input`.
    ///   - limit: how many bytes it may have without its CRLF.
    mutating func find(in input: Span<UInt8>, from start: Int, limit: Int) -> Outcome {
        let bytes = input.extracting(start..<input.count)
        let stop = min(bytes.count, limit + 1)
        var index = scanned
        while true {
            index = bytes.firstControl(from: index, to: stop)
            guard index < stop else { break }
            switch bytes[index] {
            case 0x09:
                index += 1
            case 0x0D:
                guard index + 1 < bytes.count else {
                    scanned = index
                    return .incomplete
                }
                guard bytes[index + 1] == 0x0A else { return .failed(.bareCarriageReturn) }
                scanned = 0
                return .line(end: start + index)
            case 0x0A:
                return .failed(.bareLineFeed)
            default:
                return .failed(.controlByte)
            }
        }
        if index > limit { return .tooLong }
        scanned = index
        return .incomplete
    }
}

/// Where the name and the value of a field line lie (RFC 9112 section 5).
struct HTTP1FieldLine {
    var name: Range<Int>
    var value: Range<Int>

    /// - Parameters:
    ///   - bounds: the line without its CRLF, known to hold no control byte but HTAB.
    @inline(__always)
    init(_ input: Span<UInt8>, _ bounds: Range<Int>) throws(HTTP1Error) {
        let line = input.extracting(bounds)
        var colon = 0
        while colon < line.count, ByteClass.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == 0x3A else {
            throw line.count > 0 && ByteClass.isBlank(line[0]) ? .foldedField : .fieldLine
        }
        name = bounds.lowerBound..<bounds.lowerBound + colon
        value = input.trim(bounds.lowerBound + colon + 1..<bounds.upperBound)
    }
}

/// `1*DIGIT` that fits 63 bits (RFC 9110 section 8.6), or nil. Leading zeros are digits like others.
func parseContentLength(_ digits: Span<UInt8>) -> Int? {
    guard digits.count > 0 else { return nil }
    var value = 0
    for index in digits.indices {
        guard ByteClass.isDigit(digits[index]) else { return nil }
        let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(Int(digits[index] - 0x30))
        guard !overflow, !carry else { return nil }
        value = sum
    }
    return value
}
