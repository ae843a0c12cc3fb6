import HTTP
import Testing

@Suite struct NavigationTests {
    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

    @Test(
        arguments: [
            [], [(.accept, "*/*")], [(.accept, browser)], [(.accept, "text/*")],
            [(.accept, "TEXT/HTML ; q=0.1, application/json")],
            [(.secFetchMode, "navigate"), (.secFetchDest, "document"), (.accept, browser)],
            [(.secFetchMode, "navigate")], [(.secFetchDest, "document")], [(.secFetchMode, ""), (.secFetchDest, "")],
        ] as [[(FieldName, String)]])
    func topLevelNavigationsAreTold(_ fields: [(FieldName, String)]) {
        for method in [Method.get, .head] {
            #expect(Navigation.isTopLevel(Request(method: method, target: "/", authority: "a", fields: Fields(fields))))
        }
        #expect(!Navigation.isTopLevel(Request(method: .post, target: "/", authority: "a", fields: Fields(fields))))
    }

    @Test(
        arguments: [
            [(.accept, "application/json")], [(.accept, "application/json, text/plain, */*")],
            [(.accept, "image/avif,image/webp,*/*;q=0.8")],
            [(.accept, "text/css,*/*;q=0.1")], [(.accept, "text/html;q=0, application/json")],
            [(.accept, "text/html; q=0.000, image/png")],
            [(.accept, "image/*")], [(.accept, "text/event-stream")],
            [(.secFetchMode, "cors"), (.secFetchDest, "empty"), (.accept, browser)],
            [(.secFetchMode, "navigate"), (.secFetchDest, "iframe"), (.accept, browser)],
            [(.secFetchMode, "navigate"), (.secFetchDest, "embed")],
            [(.secFetchMode, "navigate"), (.secFetchDest, "object")],
            [(.secFetchMode, "no-cors"), (.secFetchDest, "image")],
            [(.secFetchMode, "same-origin"), (.secFetchDest, "serviceworker")],
            [(.secFetchDest, "script"), (.accept, "*/*")], [(.secFetchMode, "websocket")],
            [(.secFetchMode, "navigate"), (.secFetchDest, "document"), (.secPurpose, "prefetch")],
            [(.secFetchMode, "navigate"), (.secFetchDest, "document"), (.secPurpose, "prefetch;prerender")],
            [(.purpose, "prefetch"), (.accept, browser)], [(.xMoz, "prefetch")], [(.xPurpose, "preview")],
            [(.xRequestedWith, "XMLHttpRequest"), (.accept, browser)], [(.serviceWorker, "script")],
            [(.upgrade, "websocket")],
        ] as [[(FieldName, String)]])
    func everythingElseIsNot(_ fields: [(FieldName, String)]) {
        #expect(!Navigation.isTopLevel(Request(method: .get, target: "/", authority: "a", fields: Fields(fields))))
    }
}
