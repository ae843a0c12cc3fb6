import Settings
import Testing

struct PageSettingsTests {
    private static let svg = "\u{FEFF}<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>"

    /// A site with these lines under `pages`.
    private func pages(_ lines: String, files: [String: String] = [:]) -> (PageSettings?, [Fault]) {
        let indented = lines.split(separator: "\n").map { "      \($0)\n" }.joined()
        let text = Sample.directory + "\n    pages:\n" + indented
        let (configuration, faults) = load(text, files: MemoryFiles(files))
        return (configuration?.sites.first?.pages, faults)
    }

    @Test func siteWithoutThemHasThePlainOnes() throws {
        #expect(try #require(load(Sample.directory).configuration).sites[0].pages == PageSettings())
    }

    @Test func everythingReadsAsWritten() throws {
        let (pages, faults) = pages(
            """
            name: Example Docs
            logo: file:logo.svg
            accent: 0a7
            background: ffdd00
            contact: help@example.com
            texts:
              any:
                forbidden: Ask us.
              de:
                forbidden: "Fragen Sie uns, {account}."
                not_found_title: Nichts da
            """, files: ["/etc/postern/logo.svg": Self.svg])
        #expect(faults == [], "\(faults.map(\.message))")
        #expect(
            pages
                == PageSettings(
                    name: "Example Docs", logo: .data(mediaType: "image/svg+xml", Array(Self.svg.utf8)),
                    accent: Colour(red: 0, green: 0xAA, blue: 0x77),
                    background: Colour(red: 0xFF, green: 0xDD, blue: 0), contact: "mailto:help@example.com",
                    texts: [.german: [.forbidden: "Fragen Sie uns, {account}.", .notFoundTitle: "Nichts da"]],
                    textsInAnyLanguage: [.forbidden: "Ask us."]))
    }

    @Test(
        arguments: [
            ("name: \"\"", "name"), ("name: \(String(repeating: "x", count: 101))", "name"),
            ("accent: blue", "accent"), ("accent: 12345", "accent"), ("accent: 1234567", "accent"),
            ("background: white", "background"),
            ("logo: https://cdn.example.com/logo.svg", "logo"), ("logo: //cdn.example.com/logo.svg", "logo"),
            ("logo: file:none.svg", "logo"), ("logo: file:page.html", "logo"), ("logo: file:large.svg", "logo"),
            ("logo: /a\"b", "logo"), ("contact: javascript:alert(1)", "contact"), ("contact: a@b@c", "contact"),
            ("contact: help", "contact"), ("contact: \"help@example.com?subject=x\"", "contact"),
            ("contact: \"https://\"", "contact"),
            ("texts: {it: {forbidden: No}}", "texts.it"), ("texts: {de: {forbiden: Nein}}", "texts.de.forbiden"),
            ("texts: {de: {forbidden: \"a\\u0007\"}}", "texts.de.forbidden"),
            ("texts: {de: {forbidden: \(String(repeating: "x", count: 501))}}", "texts.de.forbidden"),
            ("texts: {de: Nein}", "texts.de"), ("colour: red", "colour"),
        ])
    func whatDoesNotHoldIsTold(line: String, key: String) {
        let large = Self.svg + String(repeating: " ", count: PageLogo.maximumSize)
        let (_, faults) = pages(
            line, files: ["/etc/postern/page.html": "<!doctype html><p>", "/etc/postern/large.svg": large])
        #expect(faults.map(\.key) == ["sites.docs.pages.\(key)"], "\(faults.map(\.message))")
    }

    @Test func aNearbyNameOfATextIsSuggested() {
        let (_, faults) = pages("texts: {de: {forbiden: Nein}}")
        #expect(faults.first?.nearest == "forbidden")
    }

    @Test func aLogoMayBeAsLargeAsTheLimit() {
        let fits = Self.svg + String(repeating: " ", count: PageLogo.maximumSize - Self.svg.utf8.count)
        let (pages, faults) = pages("logo: file:logo.svg", files: ["/etc/postern/logo.svg": fits])
        #expect(faults == [] && pages?.logo != nil)
    }

    @Test(
        arguments: [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], "image/png"),
            ([0xFF, 0xD8, 0xFF, 0xE0], "image/jpeg"),
            (Array("RIFF\0\0\0\0WEBPVP8 ".utf8), "image/webp"), (Array("  <svg>".utf8), "image/svg+xml"),
            (Array("GIF89a".utf8), nil), (Array("svg <svg>".utf8), nil), ([], nil), (Array("<html>".utf8), nil),
        ] as [([UInt8], String?)])
    func aPictureIsKnownByItsFirstBytes(bytes: [UInt8], type: String?) {
        #expect(PageLogo.mediaType(of: bytes) == type)
    }

    @Test(arguments: ["#1d4ed8", "1D4ED8", "#FFF", "000"])
    func colourPrintsAsItIsRead(text: String) throws {
        let colour = try #require(Colour(text))
        #expect(Colour(colour.description) == colour)
    }
}
