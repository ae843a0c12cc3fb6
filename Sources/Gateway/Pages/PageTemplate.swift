import Bytes
import Cryptography
import Settings
import Telemetry

/// The one look of all of Postern's own pages: a card on a quiet ground, light or dark as the reader prefers, without a
/// script and with nothing from elsewhere. A site gives it a name, a logo, colours, a contact and words of its own.
struct PageTemplate: Sendable {
    /// The policy that every page is sent with: nothing may load but the style sheet in the page itself, and the logo.
    var contentSecurityPolicy: String { policy() }
    private let sources: String
    let texts: PageTexts
    private let site: String?
    private let head: String
    private let header: String
    private let contact: String?

    /// - Parameter site: what pages call the site; nil where there is none.
    init(_ settings: PageSettings = PageSettings(), site: String? = nil) {
        let style = PageStyle.sheet(accent: settings.accent, background: settings.background)
        let digest = Base64.encode(SHA256.digest(Array(style.utf8)).bytes)
        let image =
            switch settings.logo {
            case nil: ""
            case .path: " img-src 'self';"
            case .data: " img-src data:;"
            }
        sources = "style-src 'sha256-\(digest)';\(image)"
        texts = PageTexts(settings)
        self.site = settings.name ?? site
        contact = settings.contact
        head = """
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <style>\(style)</style>

            """
        var header = ""
        switch settings.logo {
        case nil: break
        case .path(let path): header += "<img class=\"logo\" src=\"\(HTMLEscape.escape(path))\" alt=\"\">\n"
        case .data(let type, let bytes):
            header += "<img class=\"logo\" src=\"data:\(type);base64,\(Base64.encode(bytes))\" alt=\"\">\n"
        }
        // The name stands beside the logo, which so needs no other words.
        if let site = self.site { header += "<p>\(HTMLEscape.escape(site))</p>\n" }
        self.header = header.isEmpty ? "" : "<header>\n\(header)</header>\n"
    }

    /// The policy, for a page whose form leads elsewhere, or that others may frame.
    func policy(formAction: String = "'self'", frameAncestors: String = "'none'") -> String {
        "default-src 'none'; \(sources) form-action \(formAction); frame-ancestors \(frameAncestors); base-uri 'none'"
    }

    /// - Parameters:
    ///   - reference: what a person can give to support; the log has the same.
    ///   - outcome: said beside it where the page tells of an error.
    func render(
        _ page: Page, _ language: PageLanguage = .english, reference: String?, outcome: Outcome? = nil
    ) -> [UInt8] {
        let title = HTMLEscape.escape(words(.text(page.title), language))
        var html = "<!doctype html>\n<html lang=\"\(language.rawValue)\">\n<head>\n"
        html += "<title>\(title)\(site.map { " – " + HTMLEscape.escape($0) } ?? "")</title>\n"
        if page.continuesByItself, let next = page.actions.first {
            html += "<meta http-equiv=\"refresh\" content=\"0; url=\(HTMLEscape.escape(next.href))\">\n"
        }
        html += head
        html += "</head>\n<body>\n<div class=\"card\">\n\(header)<main>\n<h1>\(title)</h1>\n"
        for paragraph in page.paragraphs { html += "<p>\(HTMLEscape.escape(words(paragraph, language)))</p>\n" }
        html += actions(page, language)
        html += "</main>\n\(footer(language, reference, page.status < 400 ? nil : outcome))</div>\n</body>\n</html>\n"
        return Array(html.utf8)
    }

    private func words(_ phrase: Page.Phrase, _ language: PageLanguage) -> String {
        switch phrase {
        case .text(let text, let values):
            texts.words(text, language, values.merging(["site": site ?? ""]) { own, _ in own })
        case .verbatim(let words): words
        }
    }

    private func actions(_ page: Page, _ language: PageLanguage) -> String {
        guard !page.actions.isEmpty else { return "" }
        var html = "<ul class=\"actions\(page.isChoice ? " choice" : "")\">\n"
        for (index, action) in page.actions.enumerated() {
            html += "<li>\(control(action, isFirst: index == 0 && !page.isChoice, language))</li>\n"
        }
        return html + "</ul>\n"
    }

    private func control(_ action: Page.Action, isFirst: Bool, _ language: PageLanguage) -> String {
        let href = HTMLEscape.escape(action.href), label = HTMLEscape.escape(words(action.label, language))
        let style = isFirst ? " class=\"first\"" : ""
        return switch action.kind {
        case .link: "<a\(style) href=\"\(href)\">\(label)</a>"
        case .post:
            "<form method=\"post\" action=\"\(href)\">\(hidden(action.fields))<button\(style) type=\"submit\">\(label)</button></form>"
        }
    }

    private func footer(_ language: PageLanguage, _ reference: String?, _ outcome: Outcome?) -> String {
        var html = ""
        if let reference {
            let label = HTMLEscape.escape(words(.text(.reference), language))
            let code = outcome.map { " <code>\($0.rawValue)</code>" } ?? ""
            html += "<p>\(label) <code>\(HTMLEscape.escape(reference))</code>\(code)</p>\n"
        }
        if let contact {
            let label = HTMLEscape.escape(words(.text(.contact), language))
            html += "<p><a href=\"\(HTMLEscape.escape(contact))\">\(label)</a></p>\n"
        }
        return html.isEmpty ? "" : "<footer>\n\(html)</footer>\n"
    }

    private func hidden(_ fields: [(name: String, value: String)]) -> String {
        fields.map {
            "<input type=\"hidden\" name=\"\(HTMLEscape.escape($0.name))\" value=\"\(HTMLEscape.escape($0.value))\">"
        }.joined()
    }
}
