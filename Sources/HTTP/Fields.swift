/// The name of a field, in lower case, with the hash by which `Fields` finds it.
package struct FieldName: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    /// What stands before a value: the name, a colon and a space.
    let prefix: [UInt8]
    let hash: UInt32

    /// - Parameter text: a token (RFC 9110 section 5.6.2); it is lower-cased.
    package init(_ text: String) {
        let lowercased = text.lowercased()
        let prefix = Array((lowercased + ": ").utf8)
        self.text = lowercased
        hash = Self.hash(prefix.span.extracting(0..<prefix.count - Fields.separatorSize))
        self.prefix = prefix
    }

    /// In bytes.
    var count: Int { prefix.count - Fields.separatorSize }

    package var description: String { text }

    package static func == (left: FieldName, right: FieldName) -> Bool { left.prefix == right.prefix }
    package func hash(into hasher: inout Hasher) { hasher.combine(prefix) }

    /// The length, and the first, the middle and the last byte. It costs the same for every name, and tells apart
    /// nearly all that occur together; a match is confirmed by the bytes.
    /// - Parameter name: in lower case.
    @inline(__always)
    static func hash(_ name: Span<UInt8>) -> UInt32 {
        guard name.count > 0 else { return 0 }
        let ends = UInt32(name[0]) << 8 | UInt32(name[name.count - 1])
        return UInt32(truncatingIfNeeded: name.count) << 24 | UInt32(name[name.count / 2]) << 16 | ends
    }
}

extension FieldName {
    package static let accept = FieldName("accept")
    package static let acceptEncoding = FieldName("accept-encoding")
    package static let acceptLanguage = FieldName("accept-language")
    package static let acceptRanges = FieldName("accept-ranges")
    package static let accessControlAllowCredentials = FieldName("access-control-allow-credentials")
    package static let accessControlAllowHeaders = FieldName("access-control-allow-headers")
    package static let accessControlAllowMethods = FieldName("access-control-allow-methods")
    package static let accessControlAllowOrigin = FieldName("access-control-allow-origin")
    package static let accessControlExposeHeaders = FieldName("access-control-expose-headers")
    package static let accessControlMaxAge = FieldName("access-control-max-age")
    package static let accessControlRequestMethod = FieldName("access-control-request-method")
    package static let allow = FieldName("allow")
    package static let authorization = FieldName("authorization")
    package static let cacheControl = FieldName("cache-control")
    package static let clearSiteData = FieldName("clear-site-data")
    package static let connection = FieldName("connection")
    package static let contentDisposition = FieldName("content-disposition")
    package static let contentEncoding = FieldName("content-encoding")
    package static let contentLanguage = FieldName("content-language")
    package static let contentLength = FieldName("content-length")
    package static let contentRange = FieldName("content-range")
    package static let contentSecurityPolicy = FieldName("content-security-policy")
    package static let contentType = FieldName("content-type")
    package static let cookie = FieldName("cookie")
    package static let date = FieldName("date")
    package static let etag = FieldName("etag")
    package static let expect = FieldName("expect")
    package static let expires = FieldName("expires")
    package static let forwarded = FieldName("forwarded")
    package static let host = FieldName("host")
    package static let ifMatch = FieldName("if-match")
    package static let ifModifiedSince = FieldName("if-modified-since")
    package static let ifNoneMatch = FieldName("if-none-match")
    package static let ifRange = FieldName("if-range")
    package static let ifUnmodifiedSince = FieldName("if-unmodified-since")
    package static let keepAlive = FieldName("keep-alive")
    package static let lastModified = FieldName("last-modified")
    package static let location = FieldName("location")
    package static let origin = FieldName("origin")
    package static let purpose = FieldName("purpose")
    package static let range = FieldName("range")
    package static let referer = FieldName("referer")
    package static let referrerPolicy = FieldName("referrer-policy")
    package static let retryAfter = FieldName("retry-after")
    package static let secFetchDest = FieldName("sec-fetch-dest")
    package static let secFetchMode = FieldName("sec-fetch-mode")
    package static let secFetchSite = FieldName("sec-fetch-site")
    package static let secPurpose = FieldName("sec-purpose")
    package static let serviceWorker = FieldName("service-worker")
    package static let setCookie = FieldName("set-cookie")
    package static let strictTransportSecurity = FieldName("strict-transport-security")
    package static let te = FieldName("te")
    package static let trailer = FieldName("trailer")
    package static let transferEncoding = FieldName("transfer-encoding")
    package static let upgrade = FieldName("upgrade")
    package static let userAgent = FieldName("user-agent")
    package static let vary = FieldName("vary")
    package static let wwwAuthenticate = FieldName("www-authenticate")
    package static let xContentTypeOptions = FieldName("x-content-type-options")
    package static let xForwardedFor = FieldName("x-forwarded-for")
    package static let traceparent = FieldName("traceparent")
    package static let xForwardedHost = FieldName("x-forwarded-host")
    package static let xForwardedProto = FieldName("x-forwarded-proto")
    package static let xMoz = FieldName("x-moz")
    package static let xPurpose = FieldName("x-purpose")
    package static let xRequestedWith = FieldName("x-requested-with")
}

/// The fields of a message, in the order in which they came (RFC 9110 section 5).
///
/// All lines lie in one array as HTTP/1 writes them, `name: value` CRLF, so that a message costs two allocations
/// however many fields it has, and is written by copying. Names are in lower case. Nothing is merged: two lines stay
/// two lines. A CR, LF or NUL becomes a space, so that a value cannot end its line (RFC 9110 section 5.5).
package struct Fields: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var hash: UInt32
        var name: Range<Int32>
        var value: Range<Int32>
    }

    package private(set) var storage: [UInt8] = []
    private var entries: [Entry] = []

    package init() {}

    package init(_ fields: [(FieldName, String)]) {
        for (name, value) in fields { append(name, value) }
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// What they take in memory, in bytes.
    package var size: Int { storage.count + entries.count * MemoryLayout<Entry>.stride }

    package mutating func reserve(bytes: Int, fields: Int) {
        storage.reserveCapacity(bytes)
        entries.reserveCapacity(fields)
    }

    package mutating func append(_ name: FieldName, _ value: String) {
        let start = storage.count
        storage.append(contentsOf: name.prefix)
        storage.append(contentsOf: value.utf8)
        endLine(from: start, name: name.count, hash: name.hash)
    }

    /// Appends a field as it was read. The name is lower-cased; whether either is well formed is the
    /// caller's duty.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        let start = storage.count
        storage.append(addingCapacity: name.count + value.count + Self.separatorSize + Self.lineEndSize) { out in
            for index in name.indices { out.append(ByteClass.lowercased(name[index])) }
            out.append(0x3A)
            out.append(0x20)
            for index in value.indices { out.append(value[index]) }
        }
        let hash = FieldName.hash(storage.span.extracting(start..<start + name.count))
        endLine(from: start, name: name.count, hash: hash)
    }

    /// Of colon and space.
    static let separatorSize = 2
    /// Of CR and LF.
    private static let lineEndSize = 2

    /// What was appended from `start` on becomes a line.
    private mutating func endLine(from start: Int, name: Int, hash: UInt32) {
        if Self.least(storage.span.extracting(start..<storage.count)) <= 0x0D {
            for index in start..<storage.count {
                let byte = storage[index]
                if byte == 0x0D || byte == 0x0A || byte == 0 { storage[index] = 0x20 }
            }
        }
        let end = Int32(storage.count)
        storage.append(0x0D)
        storage.append(0x0A)
        let middle = Int32(start + name)
        entries.append(
            Entry(hash: hash, name: Int32(start)..<middle, value: middle + Int32(Self.separatorSize)..<end))
    }

    /// The least byte. A reduction that becomes vector instructions.
    private static func least(_ bytes: Span<UInt8>) -> UInt8 {
        var least: UInt8 = 255
        for index in bytes.indices { least = min(least, bytes[index]) }
        return least
    }

    /// Appends one field of `other` unchanged.
    package mutating func append(_ index: Int, of other: borrowing Fields) {
        let entry = other.entries[index]
        let start = Int32(storage.count)
        storage.append(contentsOf: other.storage[other.lineRange(at: index)])
        let shift = start - entry.name.lowerBound
        entries.append(
            Entry(
                hash: entry.hash,
                name: entry.name.lowerBound + shift..<entry.name.upperBound + shift,
                value: entry.value.lowerBound + shift..<entry.value.upperBound + shift))
    }

    /// Takes the place of every field of that name.
    package mutating func set(_ name: FieldName, _ value: String) {
        remove(name)
        append(name, value)
    }

    package mutating func remove(_ name: FieldName) {
        guard index(of: name) != nil else { return }
        entries = entries.indices.filter { !matches($0, name) }.map { entries[$0] }
    }

    /// The position of the first field of that name, at or after `start`.
    package func index(of name: FieldName, from start: Int = 0) -> Int? {
        var index = start
        while index < entries.count {
            if entries[index].hash == name.hash, matches(index, name) { return index }
            index += 1
        }
        return nil
    }

    package func contains(_ name: FieldName) -> Bool { index(of: name) != nil }

    /// How many fields bear that name.
    package func count(of name: FieldName) -> Int {
        var found = 0
        var start = 0
        while let index = index(of: name, from: start) {
            found += 1
            start = index + 1
        }
        return found
    }

    /// The value of the first field of that name. Bytes that are not UTF-8 come out as U+FFFD.
    package subscript(name: FieldName) -> String? {
        index(of: name).map(value(at:))
    }

    /// The values of all fields of that name, in order.
    package func values(of name: FieldName) -> [String] {
        var found: [String] = []
        var start = 0
        while let index = index(of: name, from: start) {
            found.append(value(at: index))
            start = index + 1
        }
        return found
    }

    package func name(at index: Int) -> String {
        String(decoding: storage[bounds(entries[index].name)], as: UTF8.self)
    }

    package func value(at index: Int) -> String {
        String(decoding: storage[bounds(entries[index].value)], as: UTF8.self)
    }

    /// Where in `storage` the name and the value of a field lie.
    package func nameRange(at index: Int) -> Range<Int> { bounds(entries[index].name) }
    package func valueRange(at index: Int) -> Range<Int> { bounds(entries[index].value) }

    /// Where in `storage` a field's line lies, its CRLF included.
    func lineRange(at index: Int) -> Range<Int> {
        Int(entries[index].name.lowerBound)..<Int(entries[index].value.upperBound) + Self.lineEndSize
    }

    private func bounds(_ range: Range<Int32>) -> Range<Int> { Int(range.lowerBound)..<Int(range.upperBound) }

    private func matches(_ index: Int, _ name: FieldName) -> Bool {
        storage.span.extracting(bounds(entries[index].name)).equals(name.prefix.span.extracting(0..<name.count))
    }

    package static func == (left: Fields, right: Fields) -> Bool {
        left.count == right.count
            && left.entries.indices.allSatisfy {
                left.name(at: $0) == right.name(at: $0) && left.value(at: $0) == right.value(at: $0)
            }
    }
}

extension Fields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (FieldName, String)...) { self.init(elements) }
}

extension Fields: CustomStringConvertible {
    /// Names only: values may be secret.
    package var description: String {
        "[" + entries.indices.map { name(at: $0) }.joined(separator: ", ") + "]"
    }
}
