import HTTP
import Testing

@Suite struct HTTP1RequestParserTests {
    @Test func headIsTakenApart() {
        let transcript = Transcript.ofRequestsEveryCut(
            "GET /a/b?c=d HTTP/1.1\r\nHost: Docs.Example.COM:8443\r\nACCEPT:\t*/* \t\r\nX-Empty:\r\nCookie: a=b\r\ncookie: c=d\r\n\r\n"
        )
        #expect(
            transcript.heads == [
                "GET /a/b?c=d docs.example.com:8443 HTTP/1.1 none keepAlive=true continue=false"
                    + " host=Docs.Example.COM:8443 accept=*/* x-empty= cookie=a=b cookie=c=d"
            ])
        #expect(transcript.ends == 1)
        #expect(transcript.error == nil)
    }

    @Test func pipelinedRequestsComeOneAfterTheOther() {
        let transcript = Transcript.ofRequestsEveryCut(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                + "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                + "\r\nGET /c HTTP/1.1\r\nHost: b\r\n\r\n")
        #expect(transcript.heads.map { $0.prefix(7) } == ["POST /a", "POST /b", "GET /c "])
        #expect(transcript.bodies == ["hello", "abcde", ""])
        #expect(transcript.error == nil)
    }

    @Test(arguments: [
        // Connection and version
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET / a HTTP/1.1 none keepAlive=false continue=false"
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, , CLOSE\r\n\r\n", "GET / a HTTP/1.1 none keepAlive=false"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, TE, Upgrade\r\n\r\n",
            "GET / a HTTP/1.1 none keepAlive=true"
        ),
        ("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET / a HTTP/1.0 none keepAlive=false"),
        // Targets
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * a HTTP/1.1"),
        ("GET http://A.test/x?y HTTP/1.1\r\nHost: a.TEST\r\n\r\n", "GET /x?y a.test HTTP/1.1"),
        ("GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a HTTP/1.1"),
        ("GET /.well-known/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /.well-known/x a"),
        ("GET /a/...?/../ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a/...?/../ a"),
        ("GET /?q={a|b}^`%zz\\ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q={a|b}^`%zz\\ a"),
        // Methods
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / a"),
        ("M-SEARCH /x HTTP/1.1\r\nHost: a\r\n\r\n", "M-SEARCH /x a"),
        // Hosts
        ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / [::1]:80 "),
        ("GET / HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n", "GET / 192.0.2.7 "),
        // Framing
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / a HTTP/1.1 length(0)"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 002\r\n\r\nab", "POST / a HTTP/1.1 length(2)"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChunKed\r\n\r\n0\r\n\r\n", "POST / a HTTP/1.1 chunked"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "GET / a HTTP/1.1 length(1)"),
        // Expectations
        (
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
            "POST / a HTTP/1.1 length(1) keepAlive=true continue=true"
        ),
        (
            "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            "POST / a HTTP/1.0 length(1) keepAlive=false continue=false"
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            "GET / a HTTP/1.1 none keepAlive=true continue=false"
        ),
        // Bytes of other encodings stay what they are
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: h\u{E9}\r\n\r\n",
            "GET / a HTTP/1.1 none keepAlive=true continue=false host=a x=h\u{E9}"
        ),
    ])
    func isAccepted(_ text: String, _ head: String) {
        let transcript = Transcript.ofRequestsEveryCut(text)
        #expect(transcript.error == nil)
        #expect(transcript.ends == 1)
        #expect(transcript.heads.first?.hasPrefix(head) == true, "\(transcript)")
    }

    @Test(arguments: [
        ("GET\t/ HTTP/1.1", HTTP1Error.requestLine), ("GET  / HTTP/1.1", .target),
        (" GET / HTTP/1.1", .requestLine), ("GET / HTTP/1.1 ", .requestLine), ("GET /  HTTP/1.1", .target),
        ("GET /", .requestLine), ("GET", .requestLine), ("POST /upload", .requestLine), ("GET HTTP/1.1", .requestLine),
        ("GET  HTTP/1.1", .requestLine), ("HTTP/1.1 200 OK", .requestLine), ("G@T / HTTP/1.1", .requestLine),
        ("SSH-2.0-x", .requestLine), ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2", .requestLine),
        (String(repeating: "M", count: 33) + " / HTTP/1.1", .method),
        ("GET / http/1.1", .version), ("GET / HTTP/1.x", .version), ("GET / HTTP/1,1", .version),
        ("GET / HTTP/11.1", .requestLine), ("GET / XTTP/1.1", .version),
        ("GET / HTTP/1.2", .unsupportedVersion), ("GET / HTTP/2.0", .unsupportedVersion),
        ("GET / HTTP/0.9", .unsupportedVersion), ("PRI * HTTP/2.0", .http2Preface),
        ("GET * HTTP/1.1", .target), ("GET x HTTP/1.1", .target), ("GET example.com:80 HTTP/1.1", .target),
        ("OPTIONS *a HTTP/1.1", .target), ("CONNECT a:443 HTTP/1.1", .target), ("CONNECT http://a/ HTTP/1.1", .target),
        ("CONNECT /a HTTP/1.1", .target), ("CONNECT * HTTP/1.1", .target),
        ("GET ftp://a/ HTTP/1.1", .target), ("GET http://u@a/ HTTP/1.1", .target), ("GET http:///x HTTP/1.1", .target),
        ("GET http://a?x HTTP/1.1", .target), ("GET http://b/ HTTP/1.1", .hostMismatch),
        ("GET http://a:80/ HTTP/1.1", .hostMismatch), ("GET http://a//b HTTP/1.1", .target),
        ("GET //a HTTP/1.1", .target), ("GET /a//b HTTP/1.1", .target), ("GET /a/../b HTTP/1.1", .target),
        ("GET /%2e%2E/b HTTP/1.1", .target), ("GET /a%2fb HTTP/1.1", .target), ("GET /a%5Cb HTTP/1.1", .target),
        ("GET /a% HTTP/1.1", .target), ("GET /a%4 HTTP/1.1", .target), ("GET /a%0d HTTP/1.1", .target),
        ("GET /%ff HTTP/1.1", .target), ("GET /a#b HTTP/1.1", .target), ("GET /a?b#c HTTP/1.1", .target),
        ("GET /a b HTTP/1.1", .target), ("GET /h\u{E9} HTTP/1.1", .target), ("GET /?\u{E9} HTTP/1.1", .target),
        ("GET /a\\b HTTP/1.1", .target), ("GET /<a> HTTP/1.1", .target), ("GET /?\"x HTTP/1.1", .target),
        ("GET /a\u{7F} HTTP/1.1", .controlByte), ("GET /a\u{0} HTTP/1.1", .controlByte),
        ("GET /\rHTTP/1.1", .bareCarriageReturn), ("GET /\nHTTP/1.1", .bareLineFeed),
    ])
    func requestLineIsRefused(_ line: String, _ error: HTTP1Error) {
        let transcript = Transcript.ofRequestsEveryCut(line + "\r\nHost: a\r\n\r\n")
        #expect(transcript.error == error)
        #expect(transcript.heads.isEmpty)
    }

    @Test(arguments: [
        ("", HTTP1Error.missingHost), ("Host:", .host), ("Host: a\r\nHost: a", .duplicateField),
        ("Host: a b", .host), ("Host: a,b", .host), ("Host: u@a", .host), ("Host: a/x", .host), ("Host: a:", .host),
        ("Host: a:0", .host), ("Host: a:65536", .host), ("Host: a:8x", .host), ("Host: a:1:1", .host),
        ("Host: a..b", .host), ("Host: .", .host), ("Host: [::1", .host), ("Host: ::1", .host), ("Host: a%62", .host),
        ("Host : a", .fieldLine), (" Host: a", .foldedField), ("\tHost: a", .foldedField),
        ("Host: a\r\nX: 1\r\n 2", .foldedField), ("Host: a\r\nX", .fieldLine), ("Host: a\r\n: x", .fieldLine),
        ("Host: a\r\nX\u{E9}: 1", .fieldLine), ("Host: a\r\nX{: 1", .fieldLine), ("Host: a\r\nX_Y: 1", .fieldName),
        ("Host: a\r\nX: \u{B}", .controlByte), ("Host: a\r\nX: \u{7F}", .controlByte),
        ("Host: a\r\nX: a\rb", .bareCarriageReturn), ("Host: a\nX: b", .bareLineFeed),
        ("Host: a\r\nAuthorization: x\r\nauthorization: y", .duplicateField),
        ("Host: a\r\nRange: bytes=0-1\r\nRange: bytes=0-1", .duplicateField),
        ("Host: a\r\nContent-Type: x/y\r\nContent-Type: x/y", .duplicateField),
        ("Host: a\r\nIf-Range: \"x\"\r\nIf-Range: \"y\"", .duplicateField),
        ("Host: a\r\nConnection: Host", .connectionOption), ("Host: a\r\nConnection: close, cookie", .connectionOption),
        ("Host: a\r\nConnection: Content-Length", .connectionOption),
        ("Host: a\r\nConnection: x-forwarded-for", .connectionOption),
        ("Host: a\r\nExpect: banana", .expectation), ("Host: a\r\nExpect: y 100-continue", .expectation),
        ("Host: a\r\nExpect: 100-continue\r\nExpect: 100-continue", .expectation), ("Host: a\r\nExpect:", .expectation),
    ])
    func fieldIsRefused(_ fields: String, _ error: HTTP1Error) {
        let transcript = Transcript.ofRequestsEveryCut(
            "GET / HTTP/1.1\r\n" + (fields.isEmpty ? "" : fields + "\r\n") + "\r\n")
        #expect(transcript.error == error)
        #expect(transcript.heads.isEmpty)
    }

    @Test(arguments: [
        ("Content-Length:", HTTP1Error.contentLength), ("Content-Length: +5", .contentLength),
        ("Content-Length: -5", .contentLength), ("Content-Length: 5,5", .contentLength),
        ("Content-Length: 5 5", .contentLength), ("Content-Length: 0x5", .contentLength),
        ("Content-Length: 5.0", .contentLength), ("Content-Length: 9223372036854775808", .contentLength),
        ("Content-Length: 18446744073709551621", .contentLength),
        ("Content-Length: 5\r\nContent-Length: 5", .duplicateField),
        ("Content-Length: 5\r\ncontent-length: 6", .duplicateField),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", .ambiguousFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", .ambiguousFraming),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .duplicateField),
        ("Transfer-Encoding:", .transferEncoding), ("Transfer-Encoding: chunked, chunked", .transferEncoding),
        ("Transfer-Encoding: gzip, chunked", .transferEncoding), ("Transfer-Encoding: chunked;a=b", .transferEncoding),
        ("Transfer-Encoding: \"chunked\"", .transferEncoding), ("Transfer-Encoding: identity", .transferEncoding),
        ("Transfer-Encoding: chunke", .transferEncoding), ("Transfer-Encoding: ,chunked", .transferEncoding),
        ("Transfer-Encoding: chunked\u{A0}", .transferEncoding), ("Transfer-Encoding: gzip", .unknownTransferCoding),
    ])
    func framingIsRefused(_ fields: String, _ error: HTTP1Error) {
        let transcript = Transcript.ofRequestsEveryCut("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\nhello")
        #expect(transcript.error == error)
        #expect(transcript.heads.isEmpty)
    }

    @Test func transferEncodingInHTTP10IsRefused() {
        let transcript = Transcript.ofRequestsEveryCut(
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        #expect(transcript.error == .transferEncoding)
    }

    @Test func hostIsNeededInHTTP10Too() {
        #expect(Transcript.ofRequestsEveryCut("GET / HTTP/1.0\r\n\r\n").error == .missingHost)
    }

    @Test func oneEmptyLineBeforeARequestIsPassedOverAndASecondIsNot() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(Transcript.ofRequestsEveryCut("\r\n" + request).ends == 1)
        #expect(Transcript.ofRequestsEveryCut("\r\n\r\n" + request).error == .requestLine)
        #expect(Transcript.ofRequestsEveryCut("\n" + request).error == .bareLineFeed)
    }

    @Test func bytesThatCannotBeHTTPAreRefusedBeforeTheirLineEnds() {
        #expect(Transcript.ofRequestsEveryCut("\u{16}\u{3}\u{1}\u{2}").error == .controlByte)
        #expect(Transcript.ofRequestsEveryCut("\u{E9}").error == .requestLine)
        #expect(Transcript.ofRequestsEveryCut("{\"a\":1}").error == .requestLine)
        #expect(Transcript.ofRequestsEveryCut(String(repeating: "A", count: 33)).error == .method)
        #expect(Transcript.ofRequestsEveryCut(String(repeating: "A", count: 32)).error == nil)
    }

    @Test func nothingIsReadAfterAFailure() {
        var parser = HTTP1RequestParser()
        let bad = Array("BAD\r\n".utf8)
        let good = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        guard case .failed(.requestLine) = parser.next(bad.span).event else { return #expect(Bool(false)) }
        let (consumed, event) = parser.next(good.span)
        #expect(consumed == 0)
        guard case .failed(.requestLine) = event else { return #expect(Bool(false)) }
    }

    @Test func parserIsIdleOnlyBetweenMessages() {
        var parser = HTTP1RequestParser()
        var wasIdle = [parser.isIdle]
        let head = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        _ = parser.next(head.span)
        wasIdle.append(parser.isIdle)
        guard case .end = parser.next([UInt8]().span).event else { return #expect(Bool(false)) }
        wasIdle.append(parser.isIdle)
        #expect(wasIdle == [true, false, true])
    }

    @Test(arguments: HTTP1Error.allCases)
    func everyErrorHasAnErrorStatusAndAReason(_ error: HTTP1Error) {
        #expect([400, 414, 417, 431, 501, 505].contains(error.status))
        #expect(!error.reason.isEmpty)
    }
}
