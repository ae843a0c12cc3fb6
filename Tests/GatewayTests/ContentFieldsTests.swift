import HTTP
import Testing

@testable import Gateway
@testable import Settings

@Suite struct ContentFieldsTests {
    private func fields(
        cacheControl: [String: String] = [:], headers: [String: [String: String]] = [:]
    ) throws -> ContentFields {
        ContentFields(
            ContentSettings(
                cacheControl: PathMap(try cacheControl.map { .init(try PathPattern($0.key), $0.value) }),
                headers: PathMap(
                    try headers.map { key, value in
                        .init(try PathPattern(key), value.map { FieldSetting(name: $0.key, value: $0.value) })
                    })))
    }

    private func complete(
        _ answer: Fields, _ fields: ContentFields, key: String = "a", isForAnyone: Bool = false
    ) -> Fields {
        var answer = answer
        fields.complete(
            &answer, key: key, segments: key.split(separator: "/").map(String.init), isForAnyone: isForAnyone)
        return answer
    }

    @Test func whatIsForAnyoneKeepsWhatTheOriginSays() throws {
        let told: Fields = [.contentType: "text/html", .cacheControl: "public, max-age=9", .expires: "x"]
        let answer = complete(told, try fields(), isForAnyone: true)
        #expect(answer[.cacheControl] == "public, max-age=9" && answer[.expires] == "x")
        let older = complete([.contentType: "text/html", .expires: "x"], try fields(), isForAnyone: true)
        #expect(older == [.contentType: "text/html", .expires: "x", .xContentTypeOptions: "nosniff"])
    }

    @Test func privateContentIsNeverPublicWhateverTheConfigSays() throws {
        let configured = try fields(cacheControl: ["/**": "public, max-age=60, s-maxage=600"])
        for told: Fields in [[:], [.cacheControl: "public"], [.expires: "x", .cacheControl: "s-maxage=1"]] {
            let answer = complete(told, configured)
            #expect(answer[.cacheControl] == "private, max-age=60" && answer[.expires] == nil)
            #expect(complete(told, configured, isForAnyone: true)[.cacheControl] == "public, max-age=60, s-maxage=600")
        }
        #expect(complete([:], try fields())[.cacheControl] == "private, no-cache")
    }

    @Test func allLinesOfTheOriginCount() throws {
        let told: Fields = [.cacheControl: "max-age=60", .cacheControl: "no-store"]
        #expect(complete(told, try fields())[.cacheControl] == "no-store")
        let both = complete([.cacheControl: "public", .cacheControl: "max-age=1"], try fields(), isForAnyone: true)
        #expect(both.values(of: .cacheControl) == ["public, max-age=1"])
    }

    @Test func theMostSpecificPatternDecidesOnCaching() throws {
        let configured = try fields(cacheControl: ["/**": "no-cache", "/assets/**": "max-age=31536000, immutable"])
        let answer = complete([.cacheControl: "max-age=5"], configured, key: "assets/a.js")
        #expect(answer[.cacheControl] == "private, max-age=31536000, immutable")
        #expect(complete([:], configured, key: "index.html", isForAnyone: true)[.cacheControl] == "no-cache")
    }

    @Test(arguments: [
        ("index.html", "text/html; charset=utf-8", "no-cache"), ("a.xhtml", "application/xhtml+xml", "no-cache"),
        ("app.3f9a1c2b.js", "text/javascript", "max-age=31536000, immutable"),
        ("x/main-4F3C2A1B.css", "text/css", "max-age=31536000, immutable"),
        ("app.js", "text/javascript", nil), ("photo-20240115.jpg", "image/jpeg", nil),
        ("app-deadbeef.js", "text/javascript", nil), ("report-3f9a1c2b.pdf", "application/pdf", nil),
        ("3f9a1c2b.js", "text/javascript", nil), ("app.3f9a1c2b.min.js", "text/javascript", nil),
        ("a/_3f9a1c2b.js", "text/javascript", nil), ("a.js/x-3f9a1c2b", "text/javascript", nil),
        ("app_3f9a1c2b.wasm", "application/wasm", "max-age=31536000, immutable"), (".js", "text/javascript", nil),
        ("app.3f9a1c2b.html", "text/html", "no-cache"), ("app.3f9a1c.js", "text/javascript", nil),
    ])
    func whereNobodySaysAnythingPagesAreAskedForAndDigestsAreKept(
        _ key: String, _ type: String, _ expected: String?
    ) throws {
        let answer = complete([.contentType: type], try fields(), key: key, isForAnyone: true)
        #expect(answer[.cacheControl] == expected)
        #expect(complete([.contentType: type], try fields(), key: key)[.cacheControl] == "private, no-cache")
    }

    @Test func aNotModifiedThatSaysNothingChangesNothingInAPublicCopy() throws {
        #expect(complete([.etag: "\"a\""], try fields(), key: "a.html", isForAnyone: true)[.cacheControl] == nil)
    }

    @Test func fieldsComeFromTheMostSpecificPatternThatNamesThem() throws {
        let configured = try fields(headers: [
            "/**": ["X-Frame-Options": "DENY", "X-A": "1"], "/app/**": ["x-frame-options": "SAMEORIGIN", "X-B": "2"],
            "/app/x": ["X-A": ""],
        ])
        func answer(_ key: String) -> [String?] {
            let answer = complete([:], configured, key: key)
            return ["x-frame-options", "x-a", "x-b", "x-content-type-options"].map { answer[FieldName($0)] }
        }
        #expect(answer("a") == ["DENY", "1", nil, "nosniff"])
        #expect(answer("app/y") == ["SAMEORIGIN", "1", "2", "nosniff"])
        #expect(answer("app/x") == ["SAMEORIGIN", nil, "2", "nosniff"])
    }

    @Test func errorPagesAreNoVersionsAndAreNotKept() throws {
        var answer: Fields = [.etag: "\"a\"", .lastModified: "x", .cacheControl: "public", .acceptRanges: "bytes"]
        try fields(headers: ["/**": ["X-A": "1"]]).completeError(&answer, segments: ["b"])
        #expect(answer == [.cacheControl: "no-store", .xContentTypeOptions: "nosniff", FieldName("x-a"): "1"])
    }
}

@Suite struct CacheControlTests {
    @Test(arguments: [
        (nil, "private, no-cache"), ("", "private, no-cache"), ("public, max-age=60", "private, max-age=60"),
        ("max-age=60, s-maxage=600", "private, max-age=60"), ("Public", "private"),
        ("private, max-age=5", "private, max-age=5"),
        ("public, no-store", "no-store"), ("immutable ,  PUBLIC,max-age=1", "private, immutable , max-age=1"),
    ])
    func privateContentIsNeverMarkedPublic(_ given: String?, _ expected: String) {
        #expect(CacheControl.madePrivate(given).filter { $0 != " " } == expected.filter { $0 != " " })
    }
}

@Suite struct ObjectRedirectTests {
    private func location(_ value: String, _ origins: [String] = ["https://www.example.com"]) -> String? {
        ObjectRedirect.location(
            value, base: "https://docs.example.com", reservedPrefix: "/.auth", origins: origins)
    }

    @Test(arguments: [
        ("/new.html", "/new.html"), ("/a/b?x=1#y", "/a/b?x=1#y"), ("https://docs.example.com/new", "/new"),
        ("https://docs.example.com", "/"), ("https://www.example.com", "https://www.example.com/"),
        ("https://www.example.com/a?b", "https://www.example.com/a?b"),
    ])
    func pathsOfTheSiteAndNamedOriginsAreFollowed(_ value: String, _ expected: String) {
        #expect(location(value) == expected)
    }

    @Test(arguments: [
        "", "new.html", "//evil.example/", "/\\evil.example", "/\t/evil.example", "https://evil.example/",
        "https://www.example.com.evil.example/", "https://www.example.com@evil.example/", "javascript:alert(1)",
        "http://www.example.com/", "https://www.example.com:444/", "https://docs.example.com//evil.example",
        "/.auth/logout", "https://docs.example.com/.AUTH/logout", "/a\r\nSet-Cookie: b", "/é", "/a b",
        "https://www.example.com/\r\nX: y", "/%2f%2fevil.example", "https:/www.example.com/",
    ])
    func anythingElseIsNot(_ value: String) { #expect(location(value) == nil) }

    @Test func withoutNamesOnlyTheSiteItselfIsFollowed() {
        #expect(location("https://www.example.com/a", []) == nil)
        #expect(location("/a", []) == "/a")
    }
}
