import HTTP
import Origins
import Testing

/// What is made of the heads of answers, proper and improper ones.
struct S3AnswerTests {
    func query(_ fields: [(FieldName, String)] = [], isHead: Bool = false) -> S3Query {
        S3Query(OriginRequest(key: "k", isHead: isHead, conditions: Conditions(Fields(fields), isHead: isHead)))
    }

    /// The verdict as text: the status, perhaps ` body`, the fields' names; or what else it is.
    func read(
        _ status: Int, _ fields: [(FieldName, String)], length: Int? = nil, _ query: S3Query
    ) -> String {
        switch S3Answer.read(status: status, fields: Fields(fields), length: length, for: query) {
        case .object(let object, let takesBody):
            let names = (0..<object.fields.count).map { object.fields.name(at: $0) + "=" + object.fields.value(at: $0) }
            return (["\(object.status)"] + (takesBody ? ["body:\(object.length.map(String.init) ?? "?")"] : []) + names)
                .joined(separator: " ")
        case .askWhole: return "ask whole"
        case .refused: return "refused"
        case .failed(let failure): return failure.label
        }
    }

    func read(_ status: Int, length: Int? = nil, _ query: S3Query) -> String { read(status, [], length: length, query) }

    let tag = (FieldName.etag, "\"v1\"")
    let day = (FieldName.lastModified, "Sun, 06 Nov 1994 08:49:37 GMT")

    @Test func onlyAllowedFieldsPass() {
        let fields: [(FieldName, String)] = [
            (FieldName("x-amz-id-2"), "secret"), (.contentType, "text/html"), (FieldName("server"), "s"), tag, day,
            (.cacheControl, "no-cache"), (.setCookie, "a=b"), (.location, "/x"), (.contentEncoding, "gzip"),
            (.contentLanguage, "de"), (.contentDisposition, "inline"), (.expires, "0"), (.acceptRanges, "bytes"),
            (FieldName("access-control-allow-origin"), "*"), (.wwwAuthenticate, "x"), (.vary, "Origin"),
            (.cacheControl, "private"), (FieldName("strict-transport-security"), "max-age=1"), (.contentLength, "3"),
            (FieldName("x-amz-meta-a"), "b"), (.transferEncoding, "chunked"), (.connection, "close"),
        ]
        #expect(
            read(200, fields, length: 3, query())
                == "200 body:3 content-type=text/html content-encoding=gzip content-language=de "
                + "content-disposition=inline expires=0 etag=\"v1\" last-modified=Sun, 06 Nov 1994 08:49:37 GMT "
                + "accept-ranges=bytes cache-control=no-cache cache-control=private")
    }

    @Test func anObjectMayLeadElsewhere() {
        let name = FieldName("x-amz-website-redirect-location")
        for (value, expected) in [("/new.html", "/new.html"), ("", nil), (nil, nil)] as [(String?, String?)] {
            for isHead in [true, false] {
                let fields = value.map { Fields([(name, $0)]) } ?? Fields()
                let verdict = S3Answer.read(status: 200, fields: fields, length: 3, for: query(isHead: isHead))
                guard case .object(let object, _) = verdict else {
                    Issue.record("not an object")
                    continue
                }
                #expect(object.redirect == expected && !object.fields.contains(name))
            }
        }
    }

    @Test func headKeepsTheLengthAndTakesNoBody() {
        let verdict = S3Answer.read(status: 200, fields: Fields(), length: 7, for: query(isHead: true))
        guard case .object(let object, false) = verdict else {
            Issue.record("not an object")
            return
        }
        #expect(object.status == 200 && object.length == 7)
    }

    @Test func theLengthMayBeUnknown() {
        #expect(read(200, [(.transferEncoding, "chunked")], query()) == "200 body:?")
        #expect(read(200, query(isHead: true)) == "200")
    }

    @Test(arguments: [
        ("bytes=0-3", "bytes 0-3/24", 4), ("bytes=0-999", "bytes 0-23/24", 24), ("bytes=5-", "bytes 5-23/24", 19),
        ("bytes=-4", "bytes 20-23/24", 4), ("bytes=-99", "bytes 0-23/24", 24),
    ])
    func thePartAskedForPasses(_ asked: String, _ told: String, _ length: Int) {
        #expect(
            read(206, [(.contentRange, told)], length: length, query([(.range, asked)]))
                == "206 body:\(length) content-range=\(told)")
    }

    @Test(arguments: [
        ("bytes 0-4/24", 5), ("bytes 1-3/24", 3), ("bytes 0-3/24", 5), ("bytes 0-3/24", nil), ("bytes 0-3/*", 4),
        ("bytes */24", 4), ("0-3/24", 4), ("bytes 3-0/24", 4), ("bytes 0-3/3", 4), ("bytes 0-24/24", 25), ("", 4),
        ("bytes 0-3/99999999999999999999", 4), ("items 0-3/24", 4), ("bytes +0-3/24", 4),
        ("bytes 0-3/24, bytes 5-6/24", 4),
    ])
    func anotherPartIsMalformed(_ told: String, _ length: Int?) {
        #expect(read(206, [(.contentRange, told)], length: length, query([(.range, "bytes=0-3")])) == "malformed_range")
    }

    @Test func aPartThatWasNotAskedForIsMalformed() {
        #expect(read(206, [(.contentRange, "bytes 0-3/24")], length: 4, query()) == "malformed_range")
        #expect(read(206, length: 4, query([(.range, "bytes=0-3")])) == "malformed_range")
        #expect(read(200, [(.contentRange, "bytes 0-3/24")], length: 4, query()) == "malformed_range")
        #expect(
            read(
                206, [(.contentRange, "bytes 0-3/24"), (.contentRange, "bytes 0-3/24")], length: 4,
                query([(.range, "bytes=0-3")])) == "malformed_range")
    }

    @Test func aPartThatIsCalledAWholeIsAPart() {
        for (asked, told, length) in [
            ("bytes=0-3", "bytes 0-3/24", 4), ("bytes=0-999", "bytes 0-23/24", 24), ("bytes=-99", "bytes 0-23/24", 24),
        ] {
            #expect(
                read(200, [(.contentRange, told)], length: length, query([(.range, asked)]))
                    == "206 body:\(length) content-range=\(told)")
        }
        #expect(
            read(200, [(.contentRange, "bytes 0-23/24")], length: 24, query([(.range, "bytes=0-3")])) == "200 body:24")
    }

    @Test func theWholeInsteadOfAPartPasses() {
        #expect(read(200, length: 24, query([(.range, "bytes=0-3")])) == "200 body:24")
        #expect(
            read(200, [(.contentRange, "bytes 0-3/24")], length: 24, query([(.range, "bytes=0-3")])) == "200 body:24")
    }

    @Test func aPartThatIsCalledWholeIsPassedAsAPart() {
        #expect(
            read(200, [(.contentRange, "bytes 0-3/24")], length: 4, query([(.range, "bytes=0-3")]))
                == "206 body:4 content-range=bytes 0-3/24")
        #expect(
            read(200, [(.contentRange, "bytes 0-3/24")], length: 5, query([(.range, "bytes=0-3")])) == "malformed_range"
        )
    }

    @Test func unsatisfiableRangesPassWithTheSize() {
        let beyond = query([(.range, "bytes=99-")])
        #expect(read(416, [(.contentRange, "bytes */24"), tag], beyond) == "416 content-range=bytes */24")
        #expect(read(416, [(.contentRange, "bytes 0-3/24")], beyond) == "416")
        #expect(read(416, beyond) == "416")
        #expect(read(416, query()) == "malformed_unasked_status")
    }

    @Test func notModifiedPassesWhereItWasAskedFor() {
        let fields = [tag, day, (.contentType, "text/html"), (.cacheControl, "no-cache"), (.contentLength, "24")]
        let passed = "304 etag=\"v1\" last-modified=Sun, 06 Nov 1994 08:49:37 GMT cache-control=no-cache"
        #expect(read(304, fields, query([(.ifNoneMatch, "\"v1\"")])) == passed)
        #expect(read(304, fields, query([(.ifModifiedSince, day.1)])) == passed)
        #expect(read(304, fields, query()) == "malformed_unasked_status")
        #expect(read(304, fields, query([(.ifMatch, "\"v1\"")])) == "malformed_unasked_status")
    }

    @Test func aFailedConditionPassesWhereItWasPut() {
        #expect(read(412, [tag], query([(.ifMatch, "\"v0\"")])) == "412")
        #expect(read(412, query([(.ifUnmodifiedSince, day.1)])) == "412")
        #expect(read(412, query([(.ifNoneMatch, "\"v0\"")])) == "malformed_unasked_status")
    }

    @Test func conditionsThatTheServerIgnoresAreMadeGood() {
        #expect(read(200, [tag], length: 3, query([(.ifNoneMatch, "\"v0\", W/\"v1\"")])) == "304 etag=\"v1\"")
        #expect(read(200, [tag], length: 3, query([(.ifNoneMatch, "*")])) == "304 etag=\"v1\"")
        #expect(read(200, [tag], length: 3, query([(.ifMatch, "W/\"v1\"")])) == "412")
        #expect(
            read(200, [day], length: 3, query([(.ifModifiedSince, day.1)])) == "304 last-modified=\(day.1)")
        #expect(read(200, [day], length: 3, query([(.ifUnmodifiedSince, "Sun, 06 Nov 1994 08:49:36 GMT")])) == "412")
        #expect(read(200, [tag], length: nil, query([(.ifNoneMatch, "\"v1\"")], isHead: true)) == "304 etag=\"v1\"")
    }

    @Test func ifRangeForAnotherVersionAsksForTheWhole() {
        let tagged = query([(.range, "bytes=0-3"), (.ifRange, "\"v1\"")])
        let part = (FieldName.contentRange, "bytes 0-3/24")
        #expect(read(206, [tag, part], length: 4, tagged) == "206 body:4 etag=\"v1\" content-range=bytes 0-3/24")
        #expect(read(206, [(.etag, "\"v2\""), part], length: 4, tagged) == "ask whole")
        #expect(read(206, [(.etag, "W/\"v1\""), part], length: 4, tagged) == "ask whole")
        #expect(read(206, [part], length: 4, tagged) == "ask whole")
        #expect(read(412, tagged) == "ask whole")
        #expect(read(416, tagged) == "ask whole")
        let dated = query([(.range, "bytes=0-3"), (.ifRange, day.1)])
        #expect(read(206, [day, part], length: 4, dated).hasPrefix("206"))
        #expect(read(206, [(.lastModified, "Sun, 06 Nov 1994 08:49:36 GMT"), part], length: 4, dated) == "ask whole")
    }

    @Test func ifRangeIsSentAsAPrecondition() {
        func headers(_ fields: [(FieldName, String)]) -> [String] {
            query(fields).headers.map { "\($0.name)=\($0.value)" }
        }
        #expect(
            headers([(.range, "bytes=0-3"), (.ifRange, "\"v1\"")]) == ["if-match=\"v1\"", "range=bytes=0-3"])
        #expect(
            headers([(.range, "bytes=0-3"), (.ifRange, day.1)])
                == ["if-unmodified-since=\(day.1)", "range=bytes=0-3"])
        #expect(headers([(.range, "bytes=0-3"), (.ifRange, "\"v1\""), (.ifMatch, "\"v2\"")]) == ["if-match=\"v2\""])
        #expect(headers([(.range, "bytes=-0003")]) == ["range=bytes=-3"])
        #expect(headers([(.range, "bytes=4-9223372036854775807")]) == ["range=bytes=4-"])
        #expect(headers([(.range, "bytes=-99999999999999999999")]) == ["range=bytes=-9007199254740992"])
        #expect(headers([(.range, "bytes=99999999999999999999-")]) == ["range=bytes=9007199254740992-"])
        #expect(headers([(.ifNoneMatch, "W/\"a\",\"b\"")]) == ["if-none-match=\"a\", \"b\""])
        #expect(headers([(.ifMatch, "W/\"a\",\"b\"")]) == ["if-match=\"b\""])
        #expect(headers([(.ifMatch, "W/\"a\"")]) == [])
        #expect(headers([(.ifNoneMatch, "*")]) == ["if-none-match=*"])
    }

    @Test func whatIsSentIsSorted() {
        let all = query([
            (.range, "bytes=0-3"), (.ifUnmodifiedSince, day.1), (.ifNoneMatch, "\"a\""), (.ifModifiedSince, day.1),
        ])
        let names = all.headers.map(\.name.text)
        #expect(names == ["if-none-match", "if-unmodified-since", "range"])
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func redirectsAreNeverFollowed(_ status: Int) {
        let fields = [
            (FieldName.location, "http://169.254.169.254/"), (FieldName("x-amz-bucket-region"), "eu-west-3"),
        ]
        guard
            case .failed(let failure) = S3Answer.read(
                status: status, fields: Fields(fields), length: 0, for: query())
        else {
            Issue.record("not a failure")
            return
        }
        #expect(failure == .redirected(region: "eu-west-3"))
        #expect(failure.status == 502)
        #expect(failure.sentence.contains("eu-west-3"))
    }

    @Test func aRegionThatIsNoneIsNotRepeated() {
        #expect(
            read(301, [(FieldName("x-amz-bucket-region"), "<script>")], query()) == "redirected")
        guard
            case .failed(.redirected(region: nil)) = S3Answer.read(
                status: 301, fields: Fields([(FieldName("x-amz-bucket-region"), "a b")]), length: 0, for: query())
        else {
            Issue.record("a region")
            return
        }
    }

    @Test(arguments: [100, 201, 204, 205, 207, 300, 305, 401, 402, 409, 418, 600, 999])
    func otherStatusesFail(_ status: Int) {
        #expect(read(status, length: 0, query()) == "unexpected_status")
    }

    @Test(arguments: [
        (404, "NoSuchKey", "not found"), (404, nil, "not found"), (404, "NoSuchBucket", "no_such_bucket"),
        (400, "KeyTooLongError", "not found"), (403, "AccessDenied", "denied AccessDenied"),
        (403, "SignatureDoesNotMatch", "denied SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId", "denied InvalidAccessKeyId"),
        (403, nil, "denied -"), (403, "RequestTimeTooSkewed", "clock_skew"),
        (400, "RequestTimeTooSkewed", "clock_skew"),
        (400, "ExpiredToken", "denied ExpiredToken"), (400, "InvalidToken", "denied InvalidToken"),
        (400, "AuthorizationHeaderMalformed", "redirected"), (400, "InvalidRequest", "unexpected_status"),
        (400, nil, "unexpected_status"), (405, "MethodNotAllowed", "unexpected_status"),
        (503, "SlowDown", "overloaded"),
        (503, nil, "overloaded"), (429, nil, "overloaded"), (500, "InternalError", "unexpected_status"),
        (502, nil, "unexpected_status"), (504, nil, "unexpected_status"),
    ])
    func refusalsAreToldApart(_ status: Int, _ code: String?, _ expected: String) {
        let outcome =
            switch S3Answer.refusal(status: status, code: code, fields: Fields()) {
            case .object: "object"
            case .notFound: "not found"
            case .denied(let refusal): "denied \(refusal.code ?? "-")"
            case .failed(let failure): failure.label
            }
        #expect(outcome == expected)
    }

    @Test func clockSkewNamesTheOriginsTime() {
        guard
            case .failed(let failure) = S3Answer.refusal(
                status: 403, code: "RequestTimeTooSkewed", fields: Fields([(.date, day.1)]))
        else {
            Issue.record("not a failure")
            return
        }
        #expect(failure.sentence.contains(day.1))
    }
}
