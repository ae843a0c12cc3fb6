/// What the grammars of HTTP and of URIs say about single bytes.
///
/// Each set is a bitmap of 128 bits held in two constants, so that a look-up touches no memory.
enum ByteClass {
    /// A set of ASCII bytes. A byte of 128 and above is in none.
    struct Bitmap: Sendable {
        let low: UInt64
        let high: UInt64

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            let word = byte & 0x40 == 0 ? low : high
            return byte < 0x80 && word &>> UInt64(byte & 0x3F) & 1 != 0
        }
    }

    /// `"!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA`
    /// (RFC 9110 section 5.6.2).
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        Bitmap(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE).contains(byte)
    }

    /// What a path may hold: printable, without space and ``"#<>?\^`{|}`` (RFC 3986 section 3.3, and
    /// the brackets that browsers leave as they are).
    @inline(__always)
    static func isPath(_ byte: UInt8) -> Bool {
        Bitmap(low: 0x2FFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF).contains(byte)
    }

    /// What a query may hold: printable, without space and ``"#<>``. Wider than RFC 3986 section 3.4 by
    /// ``\^`{|}``, which browsers send as they are (URL Standard, query percent-encode set).
    @inline(__always)
    static func isQuery(_ byte: UInt8) -> Bool {
        Bitmap(low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF).contains(byte)
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isAlpha(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// CTL of RFC 5234 appendix B.1: 0 to 31, and 127.
    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension Span<UInt8> {
    /// Whether these bytes spell `text` (which is in lower case), whatever the case of theirs.
    @inline(__always)
    func spells(_ text: String) -> Bool {
        let wanted = text.utf8.span
        guard wanted.count == count else { return false }
        for index in 0..<count where ByteClass.lowercased(self[index]) != wanted[index] { return false }
        return true
    }

    /// Where `byte` stands first, at or after `start`; `count` where it does not. Blocks without it are told by a
    /// reduction that becomes vector instructions.
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int) -> Int {
        var index = start
        while count - index >= 16 {
            let block = extracting(index..<index + 16)
            var least: UInt8 = 255
            for offset in 0..<16 { least = Swift.min(least, block[offset] ^ byte) }
            if least == 0 { break }
            index += 16
        }
        while index < count, self[index] != byte { index += 1 }
        return index
    }

    /// The first control byte in `start..<stop`, or `stop`. Blocks without one are told by one reduction that
    /// the compiler turns into vector instructions: a tenth of the time of looking byte by byte.
    @inline(__always)
    func firstControl(from start: Int, to stop: Int) -> Int {
        var index = start
        while stop - index >= 64, !extracting(index..<index + 64).holdsControl(size: 64) { index += 64 }
        while stop - index >= 16, !extracting(index..<index + 16).holdsControl(size: 16) { index += 16 }
        while index < stop, !ByteClass.isControl(self[index]) { index += 1 }
        return index
    }

    /// - Parameter size: how many bytes these are, as a constant.
    @inline(__always)
    private func holdsControl(size: Int) -> Bool {
        var least: UInt8 = 255
        var leastFromDelete: UInt8 = 255
        for offset in 0..<size {
            least = Swift.min(least, self[offset])
            leastFromDelete = Swift.min(leastFromDelete, self[offset] ^ 0x7F)
        }
        return least < 0x20 || leastFromDelete == 0
    }

    /// Whether these bytes are those of `other`. For names, a few bytes long.
    @inline(__always)
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    /// The same for what may be long: blocks are compared by a reduction that becomes vector instructions.
    package func equalsLong(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while count - index >= 32 {
            let block = extracting(index..<index + 32)
            let otherBlock = other.extracting(index..<index + 32)
            var difference: UInt8 = 0
            for offset in 0..<32 { difference |= block[offset] ^ otherBlock[offset] }
            guard difference == 0 else { return false }
            index += 32
        }
        return extracting(index..<count).equals(other.extracting(index..<count))
    }

    /// `bounds` without the spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
    @inline(__always)
    func trim(_ bounds: Range<Int>) -> Range<Int> {
        var lower = bounds.lowerBound
        var upper = bounds.upperBound
        while lower < upper, ByteClass.isBlank(self[lower]) { lower += 1 }
        while lower < upper, ByteClass.isBlank(self[upper - 1]) { upper -= 1 }
        return lower..<upper
    }

    /// As text. Bytes that are not UTF-8 come out as U+FFFD.
    func text() -> String {
        if let valid = try? UTF8Span(validating: self) { return String(copying: valid) }
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: count) { out in
            for index in indices { out.append(self[index]) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
