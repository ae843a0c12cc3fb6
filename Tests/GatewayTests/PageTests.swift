import Bytes
import FoundationEssentials
import Settings
import Telemetry
import Testing

@testable import Gateway

/// One of every page, with everything that can stand in it.
let allPages: [Page] = [
    .badRequest(), .unknownHost(), .misdirected(), .formTooLarge(), .formTimedOut(), .methodNotAllowed(), .notFound(),
    .forbidden(account: "a@example.com", switchAccount: "/.auth/login?a=b&c=d", signOut: "/.auth/logout"),
    .stepUpFailed(account: "a", retry: "/.auth/login", switchAccount: "/.auth/login?x"), .closed(),
    .chooseProvider([("Corp", "/.auth/login?provider=corp"), ("Partners", "/.auth/login?provider=partners")]),
    .signInFailed(.text(.callbackExpired), retry: "/.auth/login", continues: true),
    .signInFailed(status: 403, .text(.signInError, ["code": "login_required"]), retry: "/.auth/login"),
    .cookiesMissing(retry: "/.auth/login"), .signInLoop(retry: "/.auth/login"),
    .sessionTooLarge(retry: "/.auth/login"), .providerUnavailable(retry: "/"),
    .signOut(account: "a", action: "/x", token: "t"),
    .signOut(account: nil, action: "/x", token: ""), .signedOut(signIn: "/"), .contentUnavailable(status: 502),
    .internalError(),
]

@Suite struct PageTests {
    private func html(
        _ page: Page, _ settings: PageSettings = PageSettings(), _ language: PageLanguage = .english,
        site: String? = "docs", reference: String? = nil
    ) -> String {
        String(
            decoding: PageTemplate(settings, site: site).render(page, language, reference: reference), as: UTF8.self)
    }

    @Test func anErrorsPageHasTheWordThatTheLogHasForIt() {
        let error = PageTemplate().render(.closed(), reference: "ABCDEFGHIJ", outcome: .forbidden)
        #expect(String(decoding: error, as: UTF8.self).contains("<code>ABCDEFGHIJ</code> <code>forbidden</code>"))
        let page = PageTemplate().render(.signedOut(signIn: "/"), reference: "ABCDEFGHIJ", outcome: .signedOut)
        #expect(!String(decoding: page, as: UTF8.self).contains("signed_out"))
    }

    @Test func whatComesFromOutsideIsEscaped() {
        let evil = "\"'></p><script>alert(1)</script>"
        let settings = PageSettings(
            name: evil, logo: .path(evil), contact: evil, textsInAnyLanguage: [.forbidden: evil, .contact: evil])
        for page in [
            Page.forbidden(account: evil, switchAccount: evil, signOut: evil), .chooseProvider([(evil, evil)]),
            .signInFailed(.text(.signInError, ["code": evil]), retry: evil, continues: true),
        ] {
            let text = html(page, settings, reference: evil)
            #expect(!text.contains("<script"))
            #expect(!text.contains("\"'>"))
        }
    }

    @Test(arguments: PageLanguage.allCases)
    func aPageNeedsNothingFromElsewhereAndIsWellFormed(language: PageLanguage) throws {
        for page in allPages {
            let text = html(page, PageSettings(contact: "mailto:help@example.com"), language, reference: "ABCDEFGHIJ")
            #expect(!text.contains("<script") && !text.contains("src=") && !text.contains("url("))
            #expect(!text.contains("http:") && !text.contains("https:"))
            let body = try #require(text.split(separator: "</style>").last)
            #expect(!body.contains("{") && !body.contains("}"), "no placeholder is left open: \(body)")
            let document = try MarkupOutline(text)
            #expect(document.attributes["html"]?.first?["lang"] == language.rawValue)
            #expect(document.count("title") == 1 && document.count("h1") == 1 && document.count("main") == 1)
            #expect(document.count("header") == 1 && document.count("footer") == 1)
            #expect(document.text("title") == document.text("h1").map { "\($0) – docs" })
            #expect(document.controls.count == page.actions.count + 1, "every action, and the contact")
            #expect(document.controls.allSatisfy { !$0.isEmpty }, "every link and button says what it does")
            #expect(document.attributes["img"]?.allSatisfy { $0["alt"] != nil } ?? true)
        }
    }

    @Test func theReferenceAndTheContactStandBelow() {
        let text = html(.notFound(), PageSettings(contact: "mailto:help@example.com"), reference: "ABC123")
        #expect(text.contains("<p>Reference <code>ABC123</code></p>"))
        #expect(text.contains("<a href=\"mailto:help@example.com\">Contact</a>"))
        #expect(!html(.notFound(), reference: nil).contains("<footer>"))
    }

    @Test func onlyAPageThatMayGoesOnByItself() {
        let page = Page.signInFailed(.text(.callbackOtherBrowser), retry: "/.auth/login?a=1&b=2", continues: true)
        #expect(html(page).contains("<meta http-equiv=\"refresh\" content=\"0; url=/.auth/login?a=1&amp;b=2\">"))
        for page in allPages where !page.continuesByItself { #expect(!html(page).contains("http-equiv")) }
    }

    @Test func aSiteHasItsOwnNameLogoAndWords() {
        let settings = PageSettings(
            name: "Example Docs", logo: .path("/logo.svg"),
            texts: [.german: [.forbidden: "Fragen Sie {site}, {account}."]],
            textsInAnyLanguage: [.forbidden: "Ask us.", .tryAgain: "Again"])
        let page = Page.forbidden(account: "x", switchAccount: "/", signOut: "/")
        #expect(html(page, settings).contains("<p>Ask us.</p>"))
        #expect(html(page, settings, .french).contains("<p>Ask us.</p>"))
        #expect(html(page, settings, .german).contains("<p>Fragen Sie Example Docs, {account}.</p>"))
        #expect(html(page, settings).contains("<img class=\"logo\" src=\"/logo.svg\" alt=\"\">\n<p>Example Docs</p>"))
        #expect(html(page, settings).contains(" – Example Docs</title>"))
        let data = PageSettings(logo: .data(mediaType: "image/png", [1, 2, 3]))
        #expect(html(page, data).contains("src=\"data:image/png;base64,AQID\""))
    }

    @Test func whatStandsForAPlaceholderIsNotSearchedForOthers() {
        let texts = PageTexts(PageSettings(textsInAnyLanguage: [.signedInAs: "{account} at {site} {no} { {account"]))
        let words = texts.words(.signedInAs, .english, ["account": "{site}", "site": "S"])
        #expect(words == "{site} at S {no} { {account")
    }

    @Test func thePolicyAllowsTheStyleSheetAndTheLogoAlone() {
        func policy(_ logo: PageLogo?) -> String { PageTemplate(PageSettings(logo: logo)).contentSecurityPolicy }
        #expect(policy(nil).hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(policy(nil).hasSuffix("'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"))
        #expect(!policy(nil).contains("img-src"))
        #expect(policy(.path("/a")).contains("; img-src 'self'; "))
        #expect(policy(.data(mediaType: "image/png", [])).contains("; img-src data:; "))
    }
}

@Suite struct PageTextsTests {
    @Test(arguments: PageLanguage.allCases)
    func noLanguageLacksATextOrAPlaceholder(language: PageLanguage) {
        let table = PageTexts.table(language)
        for text in PageText.allCases {
            let words = table[text] ?? ""
            #expect(!words.isEmpty && words.unicodeScalars.count <= 500, "\(language) has no \(text)")
            #expect(placeholders(words) == placeholders(PageTexts.english[text] ?? ""), "\(language) \(text)")
            #expect(!words.contains("  ") && words.first != " " && words.last != " ", "\(language) \(text)")
        }
    }

    @Test func noTranslationIsTheOriginal() {
        for language in PageLanguage.allCases where language != .english {
            let same = PageText.allCases.filter { PageTexts.table(language)[$0] == PageTexts.english[$0] }
            #expect(Set(same).isSubset(of: [.contact]), "\(language) \(same)")
        }
    }

    private func placeholders(_ text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().map { String($0.prefix { $0 != "}" }) }
            .sorted()
    }
}

@Suite struct PageStyleTests {
    /// Pairs of colours that stand on each other, and the contrast that WCAG wants of them.
    private func check(_ palette: PageStyle.Palette, _ accent: Colour) {
        func expect(_ one: Colour, on other: Colour, _ least: Double, _ what: Comment) {
            #expect(one.contrast(with: other) >= least, "\(what) with \(accent): \(one) on \(other)")
        }
        expect(palette.text, on: palette.card, 7, "text")
        expect(palette.soft, on: palette.card, 4.5, "small text")
        expect(palette.onAccent, on: palette.accent, 4.5, "the first button's label")
        expect(palette.link, on: palette.card, 4.5, "a link")
        expect(palette.edge, on: palette.card, 3, "a button's edge")
        expect(palette.focus, on: palette.card, 3, "the focus ring")
        expect(palette.focus, on: palette.ground, 3, "the focus ring")
    }

    @Test func everyAccentCanBeReadInTheLightAndInTheDark() {
        for red in stride(from: 0, through: 255, by: 17) {
            for green in stride(from: 0, through: 255, by: 17) {
                for blue in stride(from: 0, through: 255, by: 51) {
                    let accent = Colour(red: UInt8(red), green: UInt8(green), blue: UInt8(blue))
                    check(PageStyle.light(accent), accent)
                    check(PageStyle.dark(accent), accent)
                }
            }
        }
    }

    @Test(arguments: ["#ffffff", "#000000", "#ffdd00", "#0a7d4f", "#7f7f7f"])
    func aBackgroundIsTheSitesOwnAndDarkInTheDark(text: String) throws {
        let background = try #require(Colour(text)), accent = PageSettings.defaultAccent
        #expect(PageStyle.light(accent, on: background).ground == background)
        let dark = PageStyle.dark(accent, on: background)
        #expect(dark.ground.contrast(with: .white) >= PageStyle.darkest)
        #expect(PageStyle.sheet(accent: accent, background: background).contains("--ground:\(text);"))
        #expect(dark.card == PageStyle.dark(accent).card)
    }

    @Test func everyColourOfTheSheetIsOneOfThePalettes() {
        let sheet = PageStyle.sheet(accent: PageSettings.defaultAccent)
        let rules = sheet.split(separator: "*{box-sizing", maxSplits: 1)[1]
        #expect(!rules.contains("#") && !rules.contains("rgb"), "rules name properties, and no colours")
        for part in rules.split(separator: "var(").dropFirst() {
            let name = part.prefix { $0 != ")" }
            #expect(sheet.components(of: "\(name):").count >= 2, "\(name) has a value in both schemes")
        }
        #expect(!rules.contains("transition") && !rules.contains("animation"), "nothing moves")
    }

    @Test(
        arguments: [
            ("#000", "#ffffff", 21), ("#777777", "#fff", 4.48), ("#1d4ed8", "#ffffff", 6.70),
            ("#ff0000", "#ffffff", 4.00),
        ] as [(String, String, Double)])
    func contrastIsThatOfTheGuidelines(one: String, other: String, expected: Double) throws {
        let contrast = try #require(Colour(one)).contrast(with: try #require(Colour(other)))
        #expect(abs(contrast - expected) < 0.01)
    }
}

extension String {
    fileprivate func components(of separator: String) -> [Substring] { split(separator: separator) }
}

/// A page's elements, read strictly: what is opened is closed, in order, and every attribute has its quotes.
struct MarkupOutline {
    struct Fault: Error { let text: String }

    private(set) var attributes: [String: [[String: String]]] = [:]
    private var texts: [String: String] = [:]
    /// What each link and button says.
    private(set) var controls: [String] = []

    func count(_ element: String) -> Int { attributes[element]?.count ?? 0 }
    func text(_ element: String) -> String? { texts[element] }

    init(_ html: String) throws {
        guard html.hasPrefix("<!doctype html>\n") else { throw Fault(text: "no doctype") }
        var rest = html.dropFirst("<!doctype html>".count)
        var open: [(name: String, text: String)] = []
        while let start = rest.firstIndex(of: "<") {
            for index in open.indices { open[index].text += rest[..<start] }
            guard let end = rest[start...].firstIndex(of: ">") else { throw Fault(text: "an open tag") }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard let last = open.popLast(), last.name == tag.dropFirst() else { throw Fault(text: "\(tag)") }
                texts[last.name] = last.text
                if last.name == "a" || last.name == "button" { controls.append(last.text) }
                continue
            }
            let name = String(tag.prefix { $0 != " " })
            attributes[name, default: []].append(try Self.attributes(tag.dropFirst(name.count)))
            if name == "style" {
                guard let close = rest.firstRange(of: "</style>") else { throw Fault(text: "an open style") }
                rest = rest[close.upperBound...]
            } else if !["meta", "img", "input"].contains(name) {
                open.append((name, ""))
            }
        }
        guard open.isEmpty else { throw Fault(text: "left open: \(open)") }
    }

    private static func attributes(_ text: Substring) throws -> [String: String] {
        var found: [String: String] = [:]
        var rest = text.drop { $0 == " " }
        while !rest.isEmpty {
            let name = String(rest.prefix { $0 != "=" })
            rest = rest.dropFirst(name.count)
            guard rest.hasPrefix("=\""), found[name] == nil else { throw Fault(text: "\(text)") }
            let value = rest.dropFirst(2).prefix { $0 != "\"" }
            found[name] = String(value)
            rest = rest.dropFirst(2 + value.count + 1).drop { $0 == " " }
        }
        return found
    }
}

@Suite struct PageReferenceTests {
    @Test func theReferenceListsEveryTextInItsOrderAndItsWords() throws {
        let parts = #filePath.split(separator: "/").dropLast(3).map(String.init)
        let data = try #require(
            FileManager.default.contents(atPath: "/" + (parts + ["docs", "reference.md"]).joined(separator: "/")))
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "| text | in English |"))
        let rows = lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map(String.init)
        #expect(rows == PageText.allCases.map { "| `\($0.rawValue)` | \(PageTexts.english[$0] ?? "") |" })
    }
}
