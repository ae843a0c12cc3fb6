import HTTP
import Testing

@Suite struct HTTP1ChunkedTests {
    private func read(_ body: String) -> Transcript {
        Transcript.ofRequestsEveryCut("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("A\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3;a\r\nabc\r\n0;b=c;d=\"e;\\\"f\"\r\n\r\n", "abc"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("1\r\na\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "a"),
    ])
    func bodyIsTakenApart(_ body: String, _ content: String) {
        let transcript = read(body)
        #expect(transcript.bodies == [content])
        #expect(transcript.rest == 0)
    }

    @Test(arguments: [
        ("\r\n", HTTP1Error.chunk), ("x\r\n", .chunk), ("0x5\r\nhello\r\n0\r\n\r\n", .chunk),
        ("+5\r\nhello\r\n", .chunk),
        ("-1\r\n", .chunk), (" 5\r\nhello\r\n", .chunk), ("5 \r\nhello\r\n", .chunk), ("5\t\r\nhello\r\n", .chunk),
        ("5_0\r\n", .chunk), ("5,\r\n", .chunk), (";a\r\n", .chunk), ("5;\r\nhello\r\n", .chunk),
        ("5 ;a\r\nhello\r\n", .chunk), ("5; a\r\nhello\r\n", .chunk), ("5;a=\r\nhello\r\n", .chunk),
        ("5;a=\"b\r\nhello\r\n", .chunk), ("5;a=\"b\"c\r\nhello\r\n", .chunk), ("5;a=\"\\\r\n\"\r\n", .chunk),
        ("5;;a\r\nhello\r\n", .chunk), ("00000000000000003\r\nabc\r\n0\r\n\r\n", .chunk),
        ("10000000000000000\r\n", .chunk), ("FFFFFFFFFFFFFFFF\r\n", .chunk), ("8000000000000000\r\n", .chunk),
        ("5\nhello\r\n", .bareLineFeed), ("5\rhello\r\n", .bareCarriageReturn), ("5\u{0}\r\nhello\r\n", .controlByte),
        ("5\r\nhelloX\r\n", .chunk), ("5\r\nhello\n0\r\n\r\n", .chunk), ("5\r\nhello\rX", .chunk),
        ("5\r\nhel\r\n0\r\n", .chunk),
        ("5\r\nhello\r\n\r\n0\r\n\r\n", .chunk), ("0\n\r\n", .bareLineFeed), ("0\r\n\n", .bareLineFeed),
        ("0\r\nX\r\n\r\n", .trailer), ("0\r\nX : a\r\n\r\n", .trailer), ("0\r\nX: a\r\n b\r\n\r\n", .trailer),
        ("0\r\nX: a\u{0}\r\n\r\n", .controlByte), ("0\r\nHost: b\r\n\r\n", .trailer),
        ("0\r\nContent-Length: 5\r\n\r\n", .trailer), ("0\r\nTransfer-Encoding: chunked\r\n\r\n", .trailer),
        ("0\r\nCookie: a=b\r\n\r\n", .trailer), ("0\r\nAuthorization: x\r\n\r\n", .trailer),
        ("0\r\nTrailer: x\r\n\r\n", .trailer), ("0\r\nX-Forwarded-For: ::1\r\n\r\n", .trailer),
    ])
    func malformedBodyIsRefused(_ body: String, _ error: HTTP1Error) {
        let transcript = read(body)
        #expect(transcript.error == error)
        #expect(transcript.ends == 0)
    }

    @Test(arguments: ["x", "5x", " ", "+", "-", "00000000000000005"])
    func whatCannotBeASizeIsRefusedBeforeItsLineEnds(_ body: String) {
        #expect(read(body).error == .chunk)
    }

    @Test func greatestSizeIsAnnouncedWithoutOverflow() {
        let transcript = read("7FFFFFFFFFFFFFFF\r\nhello")
        #expect(transcript.error == nil)
        #expect(transcript.ends == 0)
    }
}
