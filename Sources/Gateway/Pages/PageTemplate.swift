import Bytes
import Cryptography

/// The one look of all of Postern's own pages: a card on a quiet ground, light or dark as the reader
/// prefers, without a script and without an asset from anywhere.
struct PageTemplate: Sendable {
    /// The policy that every page is sent with: nothing may load but the style sheet in the page itself.
    var contentSecurityPolicy: String { policy() }

    private let styleDigest: String

    init() {
        styleDigest = Base64.encode(SHA256.digest(Array(Self.style.utf8)).bytes)
    }

    /// The same, for a page whose form leads elsewhere, or that others may frame.
    func policy(formAction: String = "'self'", frameAncestors: String = "'none'") -> String {
        "default-src 'none'; style-src 'sha256-\(styleDigest)'; form-action \(formAction); "
            + "frame-ancestors \(frameAncestors); base-uri 'none'"
    }

    /// - Parameter reference: what a person can give to support; the log has the same.
    func render(_ page: Page, site: String?, reference: String?) -> [UInt8] {
        var html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        html += "<meta name=\"robots\" content=\"noindex\">\n"
        if page.continuesByItself, let next = page.actions.first {
            html += "<meta http-equiv=\"refresh\" content=\"1; url=\(HTMLEscape.escape(next.href))\">\n"
        }
        html +=
            "<title>\(HTMLEscape.escape(page.title))</title>\n<style>\(Self.style)</style>\n</head>\n<body>\n<main>\n"
        if let site { html += "<p class=\"site\">\(HTMLEscape.escape(site))</p>\n" }
        html += "<h1>\(HTMLEscape.escape(page.title))</h1>\n"
        for paragraph in page.paragraphs { html += "<p>\(HTMLEscape.escape(paragraph))</p>\n" }
        if !page.actions.isEmpty {
            html += "<div class=\"actions\">\n"
            for (index, action) in page.actions.enumerated() {
                html += render(action, isFirst: index == 0)
            }
            html += "</div>\n"
        }
        if let reference {
            html += "<p class=\"reference\">Reference <code>\(HTMLEscape.escape(reference))</code></p>\n"
        }
        html += "</main>\n</body>\n</html>\n"
        return Array(html.utf8)
    }

    private func render(_ action: Page.Action, isFirst: Bool) -> String {
        let href = HTMLEscape.escape(action.href), label = HTMLEscape.escape(action.label)
        let style = isFirst ? " class=\"first\"" : ""
        return switch action.kind {
        case .link: "<a\(style) href=\"\(href)\">\(label)</a>\n"
        case .post:
            "<form method=\"post\" action=\"\(href)\">\(hidden(action.fields))<button\(style) type=\"submit\">\(label)</button></form>\n"
        }
    }

    private func hidden(_ fields: [(name: String, value: String)]) -> String {
        fields.map {
            "<input type=\"hidden\" name=\"\(HTMLEscape.escape($0.name))\" value=\"\(HTMLEscape.escape($0.value))\">"
        }.joined()
    }

    private static let style = """
        :root{color-scheme:light dark;--ground:#f3f4f6;--card:#fff;--text:#1c2430;--soft:#566173;--line:#d9dee6;\
        --accent:#1d4ed8;--on-accent:#fff}
        @media(prefers-color-scheme:dark){:root{--ground:#12161d;--card:#1b212b;--text:#e8ecf2;--soft:#a3adbc;\
        --line:#323b49;--accent:#8ab4ff;--on-accent:#0d1626}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);\
        color:var(--text);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
        main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;\
        padding:2rem}
        .site{margin:0 0 .5rem;color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
        h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
        p{margin:0 0 1rem;overflow-wrap:anywhere}
        .actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
        form{margin:0}
        a,button{display:inline-block;padding:.5rem 1rem;border:1px solid var(--line);border-radius:.5rem;\
        background:none;color:var(--text);font:inherit;text-decoration:none;cursor:pointer}
        a:hover,button:hover{border-color:var(--accent)}
        a:focus-visible,button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        .first{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
        .reference{margin:1.5rem 0 0;color:var(--soft);font-size:.875rem}
        code{font:.875rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        """
}
