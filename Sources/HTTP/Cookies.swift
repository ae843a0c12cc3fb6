/// Reads cookies out of a request (RFC 6265 section 4.2.1).
package enum Cookies {
    /// The values of every cookie of that name, over all `Cookie` lines, in order. Names compare by their bytes;
    /// white space around name and value is dropped, quotation marks stay. Takes time in proportion to the
    /// bytes of the lines, whatever is in them.
    package static func values(named name: String, in fields: Fields) -> [String] {
        var found: [String] = []
        let wanted = name.utf8.span
        let storage = fields.storage
        var start = 0
        while let index = fields.index(of: .cookie, from: start) {
            collect(storage.span.extracting(fields.valueRange(at: index)), wanted, &found)
            start = index + 1
        }
        return found
    }

    /// Every cookie whose name begins with `prefix`, over all `Cookie` lines, in order; read as `values` reads them.
    package static func pairs(withPrefix prefix: String, in fields: Fields) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        let wanted = prefix.utf8.span
        let storage = fields.storage
        var start = 0
        while let index = fields.index(of: .cookie, from: start) {
            let line = storage.span.extracting(fields.valueRange(at: index))
            forEachPair(line) { name, value in
                guard name.count >= wanted.count,
                    line.extracting(name.lowerBound..<name.lowerBound + wanted.count).equals(wanted)
                else { return }
                found.append((line.extracting(name).text(), line.extracting(value).text()))
            }
            start = index + 1
        }
        return found
    }

    /// The cookies of all lines as one value, byte for byte, without those whose names `isWithheld` holds for; nil where none is left.
    package static func remaining(in fields: Fields, without isWithheld: (String) -> Bool) -> [UInt8]? {
        var kept: [UInt8] = []
        let storage = fields.storage
        var start = 0
        while let index = fields.index(of: .cookie, from: start) {
            let line = storage.span.extracting(fields.valueRange(at: index))
            forEachPair(line) { name, value in
                guard !isWithheld(line.extracting(name).text()) else { return }
                if !kept.isEmpty { kept.append(contentsOf: [0x3B, 0x20]) }
                for index in name { kept.append(line[index]) }
                kept.append(0x3D)
                for index in value { kept.append(line[index]) }
            }
            start = index + 1
        }
        return kept.isEmpty ? nil : kept
    }

    private static func collect(_ line: Span<UInt8>, _ wanted: Span<UInt8>, _ found: inout [String]) {
        forEachPair(line) { name, value in
            if name.count == wanted.count, line.extracting(name).equals(wanted) {
                found.append(line.extracting(value).text())
            }
        }
    }

    /// Where each pair's name and value are in the line.
    @inline(__always)
    private static func forEachPair(_ line: Span<UInt8>, _ take: (Range<Int>, Range<Int>) -> Void) {
        var start = 0
        while start < line.count {
            var equals = start
            while equals < line.count, line[equals] != 0x3D, line[equals] != 0x3B { equals += 1 }
            let end = line.firstIndex(of: 0x3B, from: equals)
            if equals < end {
                take(line.trim(start..<equals), line.trim(equals + 1..<end))
            }
            start = end + 1
        }
    }
}

/// A cookie to set, as a `Set-Cookie` value (RFC 6265 section 4.1.1, and SameSite of RFC 6265bis). It has no
/// `Domain`: a cookie of this program belongs to one host.
package struct SetCookie: Sendable, Equatable, CustomStringConvertible {
    package enum SameSite: String, Sendable {
        case strict = "Strict"
        case lax = "Lax"
        case none = "None"
    }

    package var name: String
    package var value: String
    package var path: String
    /// In seconds; 0 removes the cookie; nil lets it end with the browser's session.
    package var maxAge: Int?
    package var secure: Bool
    package var httpOnly: Bool
    package var sameSite: SameSite

    package init(
        name: String, value: String, path: String = "/", maxAge: Int? = nil, secure: Bool = true,
        httpOnly: Bool = true, sameSite: SameSite = .lax
    ) {
        self.name = name
        self.value = value
        self.path = path
        self.maxAge = maxAge
        self.secure = secure
        self.httpOnly = httpOnly
        self.sameSite = sameSite
    }

    /// The cookie that takes this one's place and ends at once: the same attributes, no value.
    package var removal: SetCookie {
        var removal = self
        removal.value = ""
        removal.maxAge = 0
        return removal
    }

    /// Whether browsers keep a cookie of this name. RFC 6265 wants a token; they also take what others have set, such
    /// as `me@example.org`.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { isCookieOctet($0) && $0 != 0x3D }
    }

    /// Whether a cookie can hold it (RFC 6265 section 4.1.1).
    package static func isValue(_ value: String) -> Bool { value.utf8.allSatisfy(isCookieOctet) }

    /// The field's value. A name that `isName` does not hold for, or a value or path with a byte that a cookie cannot
    /// hold, is a bug of the caller.
    package var description: String {
        precondition(Self.isName(name))
        precondition(Self.isValue(value))
        precondition(path.utf8.allSatisfy { !ByteClass.isControl($0) && $0 != 0x3B })
        var text = "\(name)=\(value); Path=\(path)"
        if let maxAge { text += "; Max-Age=\(maxAge)" }
        if secure { text += "; Secure" }
        if httpOnly { text += "; HttpOnly" }
        return text + "; SameSite=\(sameSite.rawValue)"
    }

    private static func isCookieOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
        default: false
        }
    }
}
