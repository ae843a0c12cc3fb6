import HTTP
import Testing

@Suite struct CrossOriginTests {
    private let policy = CrossOriginPolicy(origins: ["https://app.example.com", "http://localhost:3000"])

    private func request(_ method: HTTP.Method = .get, _ fields: [(FieldName, String)]) -> Request {
        Request(method: method, target: "/a", authority: "docs.example.com", fields: Fields(fields))
    }

    private func marked(_ request: Request, by policy: CrossOriginPolicy) -> Fields {
        var fields = Fields()
        policy.mark(&fields, for: request)
        return fields
    }

    @Test(arguments: ["https://app.example.com", "http://localhost:3000"])
    func aListedOriginMayRead(origin: String) {
        let fields = marked(request(.get, [(.origin, origin)]), by: policy)
        #expect(fields[.accessControlAllowOrigin] == origin)
        #expect(fields[.accessControlAllowCredentials] == "true")
        #expect(fields[.vary] == "Origin")
        #expect(fields[.accessControlExposeHeaders]?.contains("WWW-Authenticate") == true)
    }

    @Test(arguments: [
        "https://evil.example", "null", "*", "", "https://app.example.com.evil.example", "https://app.example.co",
        "http://app.example.com", "https://app.example.com:443", "https://app.example.com/", "https://APP.example.com",
        "https://x.app.example.com", "https://app.example.com, https://app.example.com", " https://app.example.com",
    ])
    func anyOtherIsToldNothingButThatTheAnswerDependsOnIt(origin: String) {
        let fields = marked(request(.get, [(.origin, origin)]), by: policy)
        #expect(fields == [.vary: "Origin"])
        #expect(
            policy.preflight(request(.options, [(.origin, origin), (.accessControlRequestMethod, "GET")])) == nil)
    }

    @Test func whoNamesTwoOriginsNamesNone() {
        let twice = request(.get, [(.origin, "https://app.example.com"), (.origin, "https://app.example.com")])
        #expect(marked(twice, by: policy) == [.vary: "Origin"])
    }

    @Test func aCacheLearnsThatTheAnswerDependsOnTheOriginFromThoseWithoutOneToo() {
        #expect(marked(request(.get, []), by: policy) == [.vary: "Origin"])
    }

    @Test func aSiteThatListsNobodySaysNothing() {
        let nobody = CrossOriginPolicy(origins: [])
        #expect(marked(request(.get, [(.origin, "https://app.example.com")]), by: nobody).isEmpty)
        #expect(
            nobody.preflight(
                request(.options, [(.origin, "https://app.example.com"), (.accessControlRequestMethod, "GET")])) == nil)
    }

    @Test func aPreflightIsAnsweredAndReflectsNothing() throws {
        let asked = request(
            .options,
            [
                (.origin, "https://app.example.com"), (.accessControlRequestMethod, "DELETE"),
                (FieldName("access-control-request-headers"), "x-evil"),
            ])
        let answer = try #require(policy.preflight(asked))
        #expect(answer.status == 204 && answer.fields[.accessControlAllowMethods] == "GET, HEAD")
        #expect(answer.fields[.accessControlAllowHeaders]?.contains("evil") == false)
        #expect(answer.fields[.accessControlMaxAge] == "600" && answer.fields[.cacheControl] == "no-store")
    }

    @Test func anOptionsThatAsksNothingIsNoPreflight() {
        let origin = (FieldName.origin, "https://app.example.com")
        #expect(policy.preflight(request(.options, [origin])) == nil)
        #expect(policy.preflight(request(.get, [origin, (.accessControlRequestMethod, "GET")])) == nil)
    }

    // MARK: What may have an effect

    private func admits(_ method: HTTP.Method, _ fields: [(FieldName, String)]) -> Bool {
        policy.admitsEffect(of: request(method, fields), on: "docs.example.com")
    }

    @Test(arguments: [HTTP.Method.get, .head, .options])
    func whatDoesNoHarmMayComeFromAnywhere(_ method: HTTP.Method) {
        #expect(admits(method, [(.secFetchSite, "cross-site"), (.origin, "https://evil.test")]))
    }

    @Test(
        arguments: [
            ([], true), ([(.secFetchSite, "same-origin")], true), ([(.secFetchSite, "none")], true),
            ([(.secFetchSite, "cross-site")], false), ([(.secFetchSite, "same-site")], false),
            ([(.secFetchSite, "odd")], false),
            ([(.secFetchSite, "cross-site"), (.origin, "https://docs.example.com")], false),
            ([(.origin, "https://docs.example.com")], true), ([(.origin, "http://docs.example.com")], true),
            ([(.origin, "https://docs.example.com.evil.test")], false), ([(.origin, "https://evil.test")], false),
            ([(.origin, "null")], false), ([(.origin, "")], false),
            ([(.secFetchSite, "cross-site"), (.origin, "https://app.example.com")], true),
            ([(.origin, "https://docs.example.com"), (.origin, "https://evil.test")], false),
            ([(.secFetchSite, "same-origin"), (.secFetchSite, "cross-site")], false),
        ] as [([(FieldName, String)], Bool)])
    func whatMayHaveAnEffectComesFromTheSiteItselfOrAListedOrigin(_ fields: [(FieldName, String)], _ isAdmitted: Bool) {
        for method in [HTTP.Method.post, .put, .delete, .other("PATCH")] {
            #expect(admits(method, fields) == isAdmitted)
        }
    }

    @Test func anAppsPreflightNamesItsMethods() {
        let asked = request(.options, [(.origin, "https://app.example.com"), (.accessControlRequestMethod, "PUT")])
        #expect(policy.preflight(asked, methods: "GET, PUT")?.fields[.accessControlAllowMethods] == "GET, PUT")
    }
}
