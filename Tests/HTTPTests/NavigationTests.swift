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
            [(.upgrade, "h2c"), (.accept, "*/*")], [(.secPurpose, ""), (.accept, browser)],
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
            [(.upgrade, "websocket")], [(.upgrade, "h2c, WebSocket")],
        ] as [[(FieldName, String)]])
    func everythingElseIsNot(_ fields: [(FieldName, String)]) {
        #expect(!Navigation.isTopLevel(Request(method: .get, target: "/", authority: "a", fields: Fields(fields))))
    }

    @Test(
        arguments: [
            ([], .untold), ([(.accept, "*/*")], .untold), ([(.accept, browser)], .page),
            ([(.accept, "text/*")], .page), ([(.accept, "text/html;q=0, */*")], .untold),
            ([(.accept, "application/json")], .part), ([(.accept, "image/webp,*/*;q=0.8")], .part),
            ([(.secFetchDest, "document"), (.accept, "*/*")], .page), ([(.secFetchDest, "iframe")], .page),
            ([(.secFetchDest, "script"), (.accept, browser)], .part), ([(.secFetchDest, "image")], .part),
            ([(.secFetchDest, "serviceworker")], .part), ([(.secFetchDest, "unheard-of")], .part),
            ([(.secFetchDest, "empty"), (.accept, "*/*")], .untold),
            ([(.secFetchDest, "empty"), (.accept, browser)], .page),
            ([(.secFetchDest, "empty"), (.accept, "application/json")], .part),
        ] as [([(FieldName, String)], Navigation.Purpose)])
    func whatTheAnswerIsToBecomeIsToldByWhereItGoesOrWhatIsAccepted(
        _ fields: [(FieldName, String)], _ purpose: Navigation.Purpose
    ) {
        let request = Request(method: .get, target: "/", authority: "a", fields: Fields(fields))
        #expect(Navigation.purpose(of: request) == purpose)
    }

    // What each field may say, and whether a navigation may say so; nil is not there.
    private static let modes = [nil, "navigate", "cors", "no-cors", "same-origin", "websocket"]
    private static let destinations = [
        nil, "document", "iframe", "frame", "embed", "object", "empty", "image", "script", "style", "serviceworker",
        "manifest", "font", "worker", "report",
    ]
    private static let accepts: [(String?, Bool)] = [
        (nil, true), ("*/*", true), (browser, true), ("application/json", false), ("image/*,*/*;q=0.8", false),
    ]
    private static let vetoes: [(FieldName, String)?] = [
        nil, (.xRequestedWith, "XMLHttpRequest"), (.serviceWorker, "script"), (.upgrade, "websocket"),
        (.secPurpose, "prefetch"), (.secPurpose, "prefetch;anonymous-client-ip"), (.purpose, "prefetch"),
        (.xPurpose, "preview"), (.xMoz, "prefetch"),
    ]

    /// Every combination of what clients send: Fetch Metadata decides wherever it is there, `Accept` only where it is
    /// not, a veto always, and nothing but GET and HEAD navigates.
    @Test func everyCombinationIsDecidedByTheFirstThatSpeaks() {
        for method in [Method.get, .head, .post, .options, .put, .other("PROPFIND")] {
            for mode in Self.modes {
                for destination in Self.destinations {
                    for (accept, isPage) in Self.accepts {
                        for veto in Self.vetoes {
                            var fields: [(FieldName, String)] = []
                            if let accept { fields.append((.accept, accept)) }
                            if let veto { fields.append(veto) }
                            if let mode { fields.append((.secFetchMode, mode)) }
                            if let destination { fields.append((.secFetchDest, destination)) }
                            let says =
                                mode == nil && destination == nil
                                ? isPage : mode ?? "navigate" == "navigate" && destination ?? "document" == "document"
                            let expected = veto == nil && (method == .get || method == .head) && says
                            let one = Request(method: method, target: "/", authority: "a", fields: Fields(fields))
                            let other = Request(
                                method: method, target: "/", authority: "a", fields: Fields(fields.reversed()))
                            #expect(Navigation.isTopLevel(one) == expected, "\(method) \(fields)")
                            #expect(Navigation.isTopLevel(other) == expected, "the order of fields says nothing")
                        }
                    }
                }
            }
        }
    }
}
