import HTTP
import Origins
import Testing

@testable import Gateway
@testable import Settings

@Suite struct ContentEncodingsTests {
    private let on = ContentEncodings(ContentSettings())
    private let both = ContentEncodings(ContentSettings(precompressed: [.br, .gzip]))
    private let gzip: Fields = [.acceptEncoding: "gzip, br"]

    private func object(_ key: String, _ coding: ContentCoding? = nil) -> ContentResolver.Step {
        .init(place: .init(origin: "o", key: key), use: .object, coding: coding)
    }

    @Test func compressedFilesAreTriedFirstInTheClientsOrder() {
        let plain = [object("a.js")]
        #expect(both.steps(plain, for: gzip) == [object("a.js", .br), object("a.js", .gzip), object("a.js")])
        let rather: Fields = [.acceptEncoding: "br;q=0.1, gzip"]
        #expect(both.steps(plain, for: rather) == [object("a.js", .gzip), object("a.js", .br), object("a.js")])
        #expect(both.steps(plain, for: [.acceptEncoding: "br"]) == [object("a.js", .br), object("a.js")])
        #expect(both.steps(plain, for: [:]) == plain)
        #expect(on.steps(plain, for: gzip) == plain)
        #expect(object("a.js", .gzip).key == "a.js.gz" && object("a.js", .br).key == "a.js.br")
    }

    @Test func onlyWhatHasThemIsLookedFor() {
        for key in ["a.png", "a.js.gz", "a.js.br", "a", "a.zip", "a.mp4"] {
            #expect(both.steps([object(key)], for: gzip) == [object(key)])
        }
        let probe = ContentResolver.Step(place: .init(origin: "o", key: "a/index.html"), use: .redirect(to: "/a/"))
        let lost = ContentResolver.Step(place: .init(origin: "o", key: "404.html"), use: .page(status: 404))
        let app = ContentResolver.Step(place: .init(origin: "o", key: "app.html"), use: .page(status: 200))
        #expect(both.steps([probe, lost], for: gzip) == [probe, lost])
        #expect(both.steps([app], for: gzip).count == 3)
    }

    @Test(
        arguments: [
            (nil, "text/javascript; charset=utf-8"), ("application/gzip", "text/javascript; charset=utf-8"),
            ("binary/octet-stream", "text/javascript; charset=utf-8"),
            ("application/javascript", "application/javascript"),
        ] as [(String?, String)])
    func aCompressedFileIsOfTheTypeOfWhatIsInIt(_ told: String?, _ expected: String) {
        var answer = told.map { Fields([(.contentType, $0), (.contentEncoding, "gzip")]) } ?? Fields()
        both.describe(&answer, key: "a.js", coding: .gzip)
        #expect(answer[.contentType] == expected && answer.values(of: .contentEncoding) == ["gzip"])
    }

    @Test func whatGrowsSmallerIsCompressedForThoseWhoTakeIt() {
        let text: Fields = [.contentType: "text/html"]
        #expect(on.compresses(text, length: 1024, for: gzip))
        #expect(on.compresses(text, length: nil, for: gzip))
        #expect(!on.compresses(text, length: 1023, for: gzip))
        #expect(on.compresses(text, length: 1023, for: [.acceptEncoding: "gzip, identity;q=0"]))
        #expect(!on.compresses(text, length: 0, for: [.acceptEncoding: "gzip, identity;q=0"]))
        #expect(!on.compresses(text, length: 5000, for: [:]))
        #expect(!on.compresses(text, length: 5000, for: [.acceptEncoding: "br"]))
        #expect(!on.compresses(text, length: 5000, for: [.acceptEncoding: "gzip;q=0"]))
        #expect(!on.compresses([.contentType: "image/png"], length: 5000, for: gzip))
        #expect(!on.compresses([:], length: 5000, for: gzip))
        let off = ContentEncodings(ContentSettings(compression: false))
        #expect(!off.compresses(text, length: 5000, for: gzip))
        let tiny = ContentEncodings(ContentSettings(compressionMinimum: 1))
        #expect(tiny.compresses(text, length: 1, for: gzip) && !tiny.compresses(text, length: 0, for: gzip))
    }

    @Test(
        arguments: [
            [.contentEncoding: "br"], [.contentEncoding: "gzip"], [.contentRange: "bytes 0-1/2"],
            [.cacheControl: "no-transform"], [.cacheControl: "max-age=5, No-Transform "],
            [.cacheControl: "private", .cacheControl: "no-transform"],
        ] as [Fields])
    func whatIsCompressedAlreadyOrAPartOrMustNotBeChangedIsLeftAlone(_ more: Fields) {
        var answer: Fields = [.contentType: "text/html"]
        for index in 0..<more.count { answer.append(index, of: more) }
        #expect(!on.compresses(answer, length: 5000, for: gzip))
    }

    @Test func aClientMayForbidIt() {
        let request: Fields = [.acceptEncoding: "gzip", .cacheControl: "no-transform"]
        #expect(!on.compresses([.contentType: "text/html"], length: 5000, for: request))
    }

    @Test func compressedContentHasAWeakTagAndNoRanges() {
        for (tag, expected) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\""), ("broken", nil)] as [(String, String?)] {
            var answer: Fields = [.contentType: "text/html", .etag: tag, .acceptRanges: "bytes"]
            on.describeCompressed(&answer)
            #expect(answer[.etag] == expected && answer[.acceptRanges] == nil && answer[.contentEncoding] == "gzip")
        }
    }

    @Test func answersThatMayBeCompressedVaryWhoeverAsks() {
        func varies(_ encodings: ContentEncodings, _ answer: Fields, _ key: String) -> Bool {
            var answer = answer
            encodings.vary(&answer, key: key)
            return answer[.vary] == "Accept-Encoding"
        }
        let off = ContentEncodings(ContentSettings(compression: false))
        let siblings = ContentEncodings(ContentSettings(precompressed: [.br], compression: false))
        #expect(varies(on, [.contentType: "text/css"], "a") && varies(siblings, [.contentType: "text/css"], "a"))
        #expect(varies(on, [:], "a.css"), "a 304 has no type")
        #expect(!varies(on, [.contentType: "image/png"], "a.css") && !varies(on, [:], "a.png"))
        #expect(!varies(off, [.contentType: "text/css"], "a"))
    }

    @Test(
        arguments: [
            ("W/\"a\"", "a", "W/\"a\""), ("\"a\"", "a.html", "\"a\""), ("\"a\", W/\"a\"", "a.html", "W/\"a\""),
            (nil, "a.html", "W/\"a\""), (nil, "a.png", "\"a\""), ("*", "a.html", "W/\"a\""),
        ] as [(String?, String, String)])
    func aNotModifiedBearsTheTagOfTheCopy(_ known: String?, _ key: String, _ expected: String) {
        var request = gzip
        if let known { request.append(.ifNoneMatch, known) }
        var answer: Fields = [.etag: "\"a\""]
        on.describeUnmodified(&answer, key: key, conditions: Conditions(request), for: request)
        #expect(answer[.etag] == expected && answer[.contentType] == nil)
    }
}
