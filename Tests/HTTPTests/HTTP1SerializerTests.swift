import HTTP
import Testing

@Suite struct HTTP1SerializerTests {
    private func text(_ write: (inout [UInt8]) -> Void) -> String {
        var out: [UInt8] = []
        write(&out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func responseIsWritten() {
        let response = Response(
            status: 404, fields: [.contentType: "text/plain", .setCookie: "a=b", .setCookie: "c=d"])
        #expect(
            text {
                HTTP1Serializer.appendResponse(
                    response, framing: .length(120), date: "Sun, 06 Nov 1994 08:49:37 GMT", connection: .close, to: &$0)
            }
                == "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n"
                + "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 120\r\nconnection: close\r\n\r\n")
    }

    @Test func responseWithoutContentHasNoFraming() {
        #expect(
            text {
                HTTP1Serializer.appendResponse(
                    Response(status: 304), framing: .none, date: nil, connection: .none, to: &$0)
            } == "HTTP/1.1 304 Not Modified\r\n\r\n")
    }

    @Test func unknownStatusHasAnEmptyReason() {
        #expect(
            text {
                HTTP1Serializer.appendResponse(
                    Response(status: 299), framing: .length(0), date: nil, connection: .keepAlive, to: &$0)
            } == "HTTP/1.1 299 \r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n")
    }

    @Test func requestIsWritten() {
        #expect(
            text {
                HTTP1Serializer.appendRequest(
                    method: .other("REPORT"), target: "/a?b", host: "s3.test:9000", fields: [.accept: "*/*"],
                    framing: .length(3), to: &$0)
            } == "REPORT /a?b HTTP/1.1\r\nhost: s3.test:9000\r\naccept: */*\r\ncontent-length: 3\r\n\r\n")
    }

    @Test func fieldsThatTheSerializerWritesItselfAreLeftOutOfTheRest() {
        let fields: Fields = [
            .host: "evil", .contentLength: "9", .transferEncoding: "chunked", .connection: "x", .date: "y",
            .accept: "z",
        ]
        #expect(
            text { HTTP1Serializer.appendRequest(method: .get, target: "/", host: "a", fields: fields, to: &$0) }
                == "GET / HTTP/1.1\r\nhost: a\r\naccept: z\r\n\r\n")
    }

    @Test func whatWasRemovedAndWhatIsNotAFieldsToSayIsLeftOutWhereverItStands() {
        var fields: Fields = [
            .date: "1", .accept: "a", .range: "b", .host: "c", .etag: "d", .connection: "e", .vary: "f", .origin: "g",
        ]
        fields.remove(.vary)
        fields.append(1, of: fields)
        #expect(
            text {
                HTTP1Serializer.appendResponse(
                    Response(status: 204, fields: fields), framing: .none, date: nil, connection: .none, to: &$0)
            } == "HTTP/1.1 204 No Content\r\naccept: a\r\nrange: b\r\netag: d\r\norigin: g\r\naccept: a\r\n\r\n")
    }

    @Test func valueCannotEndItsLine() {
        let fields: Fields = [.location: "/a\r\nset-cookie: x=y\u{0}\n"]
        #expect(
            text {
                HTTP1Serializer.appendResponse(
                    Response(status: 302, fields: fields), framing: .length(0), date: nil, connection: .none, to: &$0)
            } == "HTTP/1.1 302 Found\r\nlocation: /a  set-cookie: x=y  \r\ncontent-length: 0\r\n\r\n")
    }

    @Test(arguments: [(1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"), (Int.max, "7fffffffffffffff")])
    func chunkStartIsHexadecimal(_ count: Int, _ digits: String) {
        #expect(text { HTTP1Serializer.appendChunkStart(count, to: &$0) } == digits + "\r\n")
    }

    @Test func whatIsWrittenIsReadBack() {
        var out: [UInt8] = []
        let fields: Fields = [
            .accept: "text/html, */*;q=0.8", .cookie: "a=b; c=\"d\"", .userAgent: "h\u{E9} \u{1F600}",
        ]
        HTTP1Serializer.appendRequest(
            method: .post, target: "/a%20b?c", host: "a.test", fields: fields, framing: .chunked, to: &out)
        HTTP1Serializer.appendChunkStart(5, to: &out)
        out += Array("hello".utf8)
        HTTP1Serializer.appendChunkEnd(to: &out)
        HTTP1Serializer.appendLastChunk(to: &out)
        let transcript = Transcript.ofRequests(out)
        #expect(
            transcript.heads == [
                "POST /a%20b?c a.test HTTP/1.1 chunked keepAlive=true continue=false host=a.test"
                    + Transcript.describe(fields) + " transfer-encoding=chunked"
            ])
        #expect(transcript.bodies == ["hello"])
        #expect(transcript.rest == 0)
    }

    @Test func responseIsReadBack() {
        var out: [UInt8] = []
        HTTP1Serializer.appendContinue(to: &out)
        HTTP1Serializer.appendResponse(
            Response(status: 200, fields: [.etag: "\"x\""]), framing: .length(2), date: "x", connection: .close,
            to: &out)
        out += Array("ok".utf8)
        let transcript = Transcript.ofResponses(out)
        #expect(transcript.interim == [100])
        #expect(
            transcript.heads == [
                "HTTP/1.1 200 length=2 keepAlive=false etag=\"x\" date=x content-length=2 connection=close"
            ])
        #expect(transcript.bodies == ["ok"])
    }
}
