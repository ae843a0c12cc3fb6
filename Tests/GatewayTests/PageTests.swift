import Testing

@testable import Gateway

@Suite struct PageTests {
    private let template = PageTemplate()

    private func html(_ page: Page, site: String? = "docs", reference: String? = nil) -> String {
        String(decoding: template.render(page, site: site, reference: reference), as: UTF8.self)
    }

    @Test func whatComesFromOutsideIsEscaped() {
        let evil = "\"'></p><script>alert(1)</script>"
        let text = html(.forbidden(account: evil, switchAccount: evil, signOut: evil), site: evil, reference: evil)
        #expect(!text.contains("<script"))
        #expect(!text.contains("\"'>"))
    }

    @Test func aPageNeedsNothingFromElsewhere() {
        for page in [
            Page.notFound(), .badRequest(), .signedOut(signIn: "/"), .signOut(account: "a", action: "/x", token: "t"),
            .internalError(),
        ] {
            let text = html(page)
            #expect(
                !text.contains("<script") && !text.contains("src=") && !text.contains("http:")
                    && !text.contains("https:"))
            #expect(text.contains("<html lang=\"en\">") && text.contains("<main>") && text.contains("<h1>"))
            #expect(text.contains("<meta name=\"viewport\""))
        }
    }

    @Test func thePolicyAllowsTheStyleSheetInThePageAlone() {
        #expect(template.contentSecurityPolicy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(template.contentSecurityPolicy.contains("frame-ancestors 'none'"))
    }

    @Test func onlyAPageThatMayGoesOnByItself() {
        #expect(
            html(.signInFailed(status: 400, "x", retry: "/.auth/login", continues: true)).contains(
                "http-equiv=\"refresh\""))
        #expect(!html(.signInFailed(status: 400, "x", retry: "/.auth/login")).contains("http-equiv=\"refresh\""))
    }

    @Test func theReferenceIsShown() {
        #expect(html(.notFound(), reference: "ABC123").contains("ABC123"))
    }
}
