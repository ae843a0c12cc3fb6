import HTTP
import Settings

/// What a site's answers say beside what the origin says of an object. Pure.
struct ContentFields: Sendable {
    private let cacheControl: PathMap<String>
    /// The least specific first.
    private let fields: [(pattern: PathPattern, name: FieldName, value: String)]

    init(_ content: ContentSettings) {
        cacheControl = content.cacheControl
        fields = content.headers.entries.reversed().flatMap { entry in
            entry.value.map { (entry.pattern, FieldName($0.name), $0.value) }
        }
    }

    /// Completes the fields of an object that answers the request.
    /// - Parameters:
    ///   - segments: the path asked for, which may be another than the object's.
    ///   - isForAnyone: whether a shared cache may give the answer to others.
    func complete(_ answer: inout Fields, key: String, segments: [String], isForAnyone: Bool) {
        setCacheControl(&answer, key, segments, isForAnyone)
        addOwn(&answer, segments)
    }

    /// Completes those of a page that stands in for what is not there, or not for this person. Nobody keeps it, and it is
    /// no version of what was asked for.
    func completeError(_ answer: inout Fields, segments: [String]) {
        for name in [FieldName.etag, .lastModified, .expires, .acceptRanges, .contentRange] { answer.remove(name) }
        answer.set(.cacheControl, "no-store")
        addOwn(&answer, segments)
    }

    private func setCacheControl(_ answer: inout Fields, _ key: String, _ segments: [String], _ isForAnyone: Bool) {
        let configured = cacheControl.entry(for: segments)?.value
        let lines = answer.count(of: .cacheControl)
        let told = lines > 1 ? answer.values(of: .cacheControl).joined(separator: ", ") : answer[.cacheControl]
        var value = configured ?? told
        if value == nil, isForAnyone, !answer.contains(.expires) {
            value = Self.standard(for: key, type: answer[.contentType])
        }
        if !isForAnyone { value = CacheControl.madePrivate(value) }
        // It says the same in an older way, of which what was decided here knows nothing.
        if !isForAnyone || value != told { answer.remove(.expires) }
        if let value, value != told || lines > 1 { answer.set(.cacheControl, value) }
    }

    /// For content that is for anyone, and of which neither the origin nor the config says anything. A page is asked for
    /// each time, and what has its content's digest in its name never again; nil for what browsers may judge by its age.
    private static func standard(for key: String, type: String?) -> String? {
        guard let type else { return nil }
        if MediaType.isPage(type) { return "no-cache" }
        return ContentDigest.isInName(of: key) && MediaType.isPartOfPages(key) ? "max-age=31536000, immutable" : nil
    }

    private func addOwn(_ answer: inout Fields, _ segments: [String]) {
        answer.set(.xContentTypeOptions, "nosniff")
        for (pattern, name, value) in fields where pattern.matches(segments) {
            if value.isEmpty { answer.remove(name) } else { answer.set(name, value) }
        }
    }
}

/// Names that bundlers give files by their content: `app.3f9a1c2b.js`, `index-5d41402abc4b2a76.css`.
enum ContentDigest {
    /// Whether the part before the extension is hexadecimal, of 8 to 64 digits with letters and numbers among them, and
    /// stands behind a dot, a hyphen or an underscore: a date or a counter is none, nor is a word.
    static func isInName(of key: String) -> Bool {
        let bytes = key.utf8.span
        var dot = bytes.count - 1
        while dot > 0, bytes[dot] != UInt8(ascii: "."), bytes[dot] != UInt8(ascii: "/") { dot -= 1 }
        guard dot > 0, bytes[dot] == UInt8(ascii: ".") else { return false }
        var start = dot
        var digits = 0
        while start > 0, isHexadecimal(bytes[start - 1]) {
            start -= 1
            if isDigit(bytes[start]) { digits += 1 }
        }
        // A name of its own stands before it, and something in between.
        guard start >= 2, isSeparator(bytes[start - 1]), bytes[start - 2] != UInt8(ascii: "/") else { return false }
        return (8...64).contains(dot - start) && digits > 0 && digits < dot - start
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}

/// What `Cache-Control` says of content that is not for everybody (RFC 9111 section 5.2.2).
enum CacheControl {
    /// Without `public` and `s-maxage`, and with `private`. Where nothing is said, browsers keep a copy and ask every
    /// time whether it still holds: a copy that nobody asks about would outlive a sign-out.
    static func madePrivate(_ value: String?) -> String {
        guard let value, !value.isEmpty else { return "private, no-cache" }
        var kept = ["private"]
        for directive in value.split(separator: ",") {
            let directive = directive.drop { $0 == " " || $0 == "\t" }
            switch directive.prefix(while: { $0 != "=" && $0 != " " }).lowercased() {
            case "no-store": return "no-store"
            case "", "public", "private", "s-maxage", "proxy-revalidate": break
            default: kept.append(String(directive))
            }
        }
        return kept.joined(separator: ", ")
    }
}
