import HTTP
import Testing

@Suite struct HTTP1ResponseParserTests {
    @Test func headAndBodyAreTakenApart() {
        let transcript = Transcript.ofResponsesEveryCut(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\nx-amz_y:  z \r\n\r\nhello")
        #expect(
            transcript.heads == [
                "HTTP/1.1 200 length=5 keepAlive=true content-length=5 etag=\"x\" x-amz_y=z"
            ])
        #expect(transcript.bodies == ["hello"])
        #expect(transcript.rest == 0)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 length=0 keepAlive=true", ""),
        ("HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.0 404 length=2 keepAlive=false", "no"),
        (
            "HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 length=1 keepAlive=false", "a"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "HTTP/1.1 200 length=- keepAlive=true", "abc"
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 length=- keepAlive=true", ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "HTTP/1.1 304 length=99 keepAlive=true", ""),
        ("HTTP/1.1 200 caf\u{E9}\tx\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 length=0 keepAlive=true", ""),
    ])
    func isAccepted(_ text: String, _ head: String, _ body: String) {
        let transcript = Transcript.ofResponsesEveryCut(text)
        #expect(transcript.error == nil)
        #expect(transcript.heads.first?.hasPrefix(head) == true, "\(transcript)")
        #expect(transcript.bodies == [body])
    }

    @Test func answerToHEADHasALengthAndNoBody() {
        let transcript = Transcript.ofResponsesEveryCut("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", to: [.head])
        #expect(transcript.heads.first?.hasPrefix("HTTP/1.1 200 length=9") == true)
        #expect(transcript.bodies == [""])
        let unframed = Transcript.ofResponsesEveryCut("HTTP/1.1 200 OK\r\n\r\n", to: [.head])
        #expect(unframed.bodies == [""])
    }

    @Test func interimResponsesComeBeforeTheFinalOne() {
        let transcript = Transcript.ofResponsesEveryCut(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        )
        #expect(transcript.interim == [100, 103])
        #expect(transcript.heads == ["HTTP/1.1 200 length=1 keepAlive=true content-length=1"])
    }

    @Test func responsesFollowEachOther() {
        let transcript = Transcript.ofResponsesEveryCut(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/1.1 204 \r\n\r\n",
            to: [.get, .head, .get])
        #expect(transcript.bodies == ["a", "", ""])
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1", Method.get, 8),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", .head, 1), ("HTTP/1.1 304 \r\n\r\nabc", .get, 3),
        ("HTTP/1.1 204 \r\n\r\nabc", .get, 3),
    ])
    func bytesBehindTheEndAreNotConsumed(_ text: String, _ method: Method, _ rest: Int) {
        let transcript = Transcript.ofResponsesEveryCut(text, to: [method])
        #expect(transcript.ends == 1)
        #expect(transcript.rest == rest)
    }

    @Test(arguments: [
        "HTTP/1.1 200", "HTTP/1.1 99 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 600 OK", "HTTP/1.1 20x OK", "ICY 200 OK",
        "HTTP/1.2 200 OK", "HTTP/2.0 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 200OK!", "",
        "HTTP/1.1 000 OK",
        " HTTP/1.1 200 OK", "HTTP/1.1\t200 OK",
    ])
    func statusLineIsRefused(_ line: String) {
        let transcript = Transcript.ofResponsesEveryCut(line + "\r\nContent-Length: 0\r\n\r\n")
        #expect(transcript.error == .statusLine)
    }

    @Test(arguments: [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", HTTP1Error.ambiguousFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", .ambiguousFraming),
        ("Content-Length: 5\r\nContent-Length: 6", .duplicateField),
        ("Content-Length: 5\r\nContent-Length: 5", .duplicateField),
        ("Content-Length: +5", .contentLength), ("Content-Length: 5,5", .contentLength),
        ("Content-Length:", .contentLength),
        ("Content-Length: -1", .contentLength), ("Content-Length: 18446744073709551616", .contentLength),
        ("Transfer-Encoding: gzip", .unknownTransferCoding), ("Transfer-Encoding: identity", .transferEncoding),
        ("Transfer-Encoding: chunked, chunked", .transferEncoding), ("Transfer-Encoding: ,chunked", .transferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .duplicateField),
        ("Connection: close", .missingFraming), ("X: y", .missingFraming),
        ("X: a\r\n b\r\nContent-Length: 0", .foldedField), ("X : a\r\nContent-Length: 0", .fieldLine),
        ("X: a\u{0}\r\nContent-Length: 0", .controlByte), ("X: a\rb\r\nContent-Length: 0", .bareCarriageReturn),
        ("X: a\nContent-Length: 0", .bareLineFeed),
    ])
    func headIsRefused(_ fields: String, _ error: HTTP1Error) {
        let transcript = Transcript.ofResponsesEveryCut("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\nhello")
        #expect(transcript.error == error)
        #expect(transcript.heads.isEmpty)
    }

    @Test func framingIsCheckedWhereNoBodyFollowsToo() {
        let contradiction = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Transcript.ofResponsesEveryCut(contradiction, to: [.head]).error == .ambiguousFraming)
    }

    @Test func chunkedInHTTP10IsRefused() {
        let transcript = Transcript.ofResponsesEveryCut(
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        #expect(transcript.error == .transferEncoding)
    }

    @Test func switchedProtocolsAreRefused() {
        let transcript = Transcript.ofResponsesEveryCut("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
        #expect(transcript.error == .switchedProtocols)
    }

    @Test func malformedChunksAreRefused() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Transcript.ofResponsesEveryCut(head + "x\r\n").error == .chunk)
        #expect(Transcript.ofResponsesEveryCut(head + "1\r\nab\r\n0\r\n\r\n").error == .chunk)
        #expect(Transcript.ofResponsesEveryCut(head + "1\na\n0\n\n").error == .bareLineFeed)
    }

    @Test(arguments: [
        ("", HTTP1Error.closed), ("H", .truncated), ("HTTP/1.1 200 OK\r\n", .truncated),
        ("HTTP/1.1 100 \r\n\r\n", .truncated), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .truncated),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", .truncated),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", .truncated),
    ])
    func closedConnectionIsNoEnd(_ text: String, _ error: HTTP1Error) {
        #expect(Transcript.ofResponsesEveryCut(text, closing: true).error == error)
    }

    @Test func idleParserTellsAClosedConnection() {
        var parser = HTTP1ResponseParser()
        guard case .failed(.closed) = parser.endOfInput() else { return #expect(Bool(false)) }
    }
}
