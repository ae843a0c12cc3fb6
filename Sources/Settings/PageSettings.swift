/// How Postern's own pages of a site look, and what they say.
package struct PageSettings: Sendable, Equatable {
    /// What pages call the site; nil for its first host.
    package var name: String?
    package var logo: PageLogo?
    package var accent: Colour
    /// What the card lies on; nil for greys.
    package var background: Colour?
    /// Where people who need help are led: a `mailto:` or `https:` URL.
    package var contact: String?
    /// The site's own words, by language.
    package var texts: [PageLanguage: [PageText: String]]
    /// The site's own words where its language has none of its own.
    package var textsInAnyLanguage: [PageText: String]

    package static let defaultAccent = Colour(red: 0x1D, green: 0x4E, blue: 0xD8)

    package init(
        name: String? = nil, logo: PageLogo? = nil, accent: Colour = Self.defaultAccent, background: Colour? = nil,
        contact: String? = nil, texts: [PageLanguage: [PageText: String]] = [:],
        textsInAnyLanguage: [PageText: String] = [:]
    ) {
        self.name = name
        self.logo = logo
        self.accent = accent
        self.background = background
        self.contact = contact
        self.texts = texts
        self.textsInAnyLanguage = textsInAnyLanguage
    }
}

package enum PageLogo: Sendable, Equatable {
    /// A path on the site, which everybody must be let in to.
    case path(String)
    /// A picture that was read at the start, and stands in the pages themselves.
    case data(mediaType: String, [UInt8])

    /// Bytes of a picture that stands in every page.
    package static let maximumSize = 64 * 1024

    /// A picture's type by its first bytes; nil for what is none of the four that browsers show everywhere.
    package static func mediaType(of bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return "image/webp" }
        let start = String(decoding: bytes.prefix(1024), as: UTF8.self)
        let isMarkup = start.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.first == "<"
        return isMarkup && start.contains("<svg") ? "image/svg+xml" : nil
    }
}

/// What a page's logo is written as.
enum PageLogoReference: Sendable, Equatable {
    case path(String)
    case file(ContentReference)
}

extension ValueKind where Value == PageLogoReference {
    static let logo = ValueKind("path on the site, or file:PATH", samples: ["/logo.svg", "file:/etc/postern/logo.png"])
    { text throws(ValueProblem) in
        if text.hasPrefix("file:"), text.utf8.count > 5 { return .file(.file(String(text.dropFirst(5)))) }
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'<>\\^`{|}?#".utf8.contains($0) }
        guard text.hasPrefix("/"), !text.hasPrefix("//"), isPlain else {
            throw ValueProblem(
                "'\(text)' is neither a path on the site nor a file",
                "Write /logo.svg for a picture of the site's, or file:PATH for one that is put into the pages")
        }
        return .path(text)
    }
}

extension ValueKind where Value == Colour {
    static let colour = ValueKind("colour", samples: ["1d4ed8", "0A5"]) { text throws(ValueProblem) in
        guard let colour = Colour(text) else {
            throw ValueProblem("'\(text)' is no colour", "Write six hexadecimal digits, such as 1d4ed8")
        }
        return colour
    }
}

extension ValueKind where Value == String {
    /// An address, or a URL with `https`, `http` or `mailto`.
    static let contact = ValueKind(
        "address or URL", samples: ["help@example.com", "https://help.example.com/postern?from=docs"]
    ) { text throws(ValueProblem) in
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
        let lower = text.lowercased()
        let rest = ["https://", "http://", "mailto:"].first { lower.hasPrefix($0) }.map { text.dropFirst($0.count) }
        if isPlain, let rest, !rest.isEmpty { return text }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard isPlain, rest == nil, parts.count == 2, !parts[0].isEmpty, HostText.isHost(String(parts[1])),
            !text.contains("?"), !text.contains("&"), !text.contains("%")
        else {
            throw ValueProblem(
                "'\(text)' is neither an address nor a URL", "Write help@example.com, or https://help.example.com")
        }
        return "mailto:" + text
    }

    /// A line of a page: plain text.
    static func pageText(_ limit: Int) -> ValueKind {
        ValueKind("text", samples: ["Example Docs", "Bitte melden Sie sich an."]) { text throws(ValueProblem) in
            guard !text.isEmpty else { throw ValueProblem("the text is empty", "Write some, or remove the key") }
            guard text.unicodeScalars.count <= limit else {
                throw ValueProblem("the text is too long", "Write \(limit) characters at most")
            }
            guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                throw ValueProblem("the text holds a control character", "Write it on one line")
            }
            return text
        }
    }
}
