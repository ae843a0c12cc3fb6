import HTTP
import Testing

/// Every limit at it, and one past it.
@Suite struct HTTP1LimitsTests {
    private func request(line: String = "GET / HTTP/1.1", _ fields: String = "", body: String = "") -> String {
        "\(line)\r\nHost: a\r\n\(fields)\r\n\(body)"
    }

    @Test func requestLineIsHeldToItsLimit() {
        let limits = HTTP1Limits(requestLine: 64)
        let fitting = "GET /" + String(repeating: "a", count: 64 - 14) + " HTTP/1.1"
        #expect(Transcript.ofRequestsEveryCut(request(line: fitting), limits: limits).ends == 1)
        let transcript = Transcript.ofRequestsEveryCut(request(line: "GET /a" + fitting.dropFirst(5)), limits: limits)
        #expect(transcript.error == .targetTooLong)
        #expect(transcript.error?.status == 414)
    }

    @Test func fieldsAreHeldToTheirSize() {
        // "Host: a" and its CRLF take 9.
        let limits = HTTP1Limits(fieldsSize: 64)
        let fitting = "X: " + String(repeating: "a", count: 64 - 9 - 5) + "\r\n"
        #expect(Transcript.ofRequestsEveryCut(request(fitting), limits: limits).ends == 1)
        let oneLine = "X: a\(fitting.dropFirst(3))"
        let twoLines = "X:\r\nY\(fitting.dropFirst().dropLast(4))\r\n"
        for tooLarge in [oneLine, twoLines] {
            let transcript = Transcript.ofRequestsEveryCut(request(tooLarge), limits: limits)
            #expect(transcript.error == .fieldsTooLarge)
            #expect(transcript.error?.status == 431)
        }
    }

    @Test func fieldsAreHeldToTheirCount() {
        let limits = HTTP1Limits(fieldCount: 3)
        #expect(Transcript.ofRequestsEveryCut(request("X:\r\nY:\r\n"), limits: limits).ends == 1)
        let transcript = Transcript.ofRequestsEveryCut(request("X:\r\nY:\r\nZ:\r\n"), limits: limits)
        #expect(transcript.error == .tooManyFields)
    }

    @Test func endlessLinesAreRefusedBeforeTheyEnd() {
        let bytes = [UInt8](repeating: 0x61, count: 10_000)
        #expect(Transcript.ofRequests(bytes).error == .method)
        #expect(Transcript.ofRequests(Array("GET /".utf8) + bytes).error == .targetTooLong)
        let field = Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 40_000)
        #expect(Transcript.ofRequests(field).error == .fieldsTooLarge)
    }

    private func chunked(_ body: String, _ limits: HTTP1Limits) -> Transcript {
        Transcript.ofRequestsEveryCut(request("Transfer-Encoding: chunked\r\n", body: body), limits: limits)
    }

    @Test func chunkLineIsHeldToItsLimit() {
        let limits = HTTP1Limits(chunkLine: 16)
        #expect(chunked("3;" + String(repeating: "e", count: 14) + "\r\nabc\r\n0\r\n\r\n", limits).bodies == ["abc"])
        #expect(
            chunked("3;" + String(repeating: "e", count: 15) + "\r\nabc\r\n0\r\n\r\n", limits).error == .chunkOverhead)
    }

    @Test func chunkLinesAreHeldToWhatTheyCarry() {
        // Each costs 20 + 4 - 16 - 2 = 6 more than it brings.
        let limits = HTTP1Limits(chunkOverhead: 60)
        let chunk = "1;" + String(repeating: "e", count: 18) + "\r\nA\r\n"
        #expect(chunked(String(repeating: chunk, count: 10) + "0\r\n\r\n", limits).ends == 1)
        #expect(chunked(String(repeating: chunk, count: 11) + "0\r\n\r\n", limits).error == .chunkOverhead)
    }

    @Test func smallChunksWithoutExtensionsCostNothing() {
        let limits = HTTP1Limits(chunkOverhead: 0)
        #expect(chunked(String(repeating: "1\r\nA\r\n", count: 50) + "0\r\n\r\n", limits).ends == 1)
    }

    @Test func trailersAreHeldToTheirSize() {
        let limits = HTTP1Limits(trailersSize: 32)
        let fitting = "X: " + String(repeating: "a", count: 27) + "\r\n"
        #expect(chunked("0\r\n\(fitting)\r\n", limits).ends == 1)
        #expect(chunked("0\r\nX: a\(fitting.dropFirst(3))\r\n", limits).error == .trailersTooLarge)
        #expect(chunked("0\r\n\(fitting)Y:\r\n\r\n", limits).error == .trailersTooLarge)
        #expect(HTTP1Error.trailersTooLarge.status == 431)
    }

    @Test func interimResponsesAreHeldToTheirCount() {
        let limits = HTTP1Limits(interimResponses: 2)
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let fitting = Transcript.ofResponsesEveryCut(interim + interim + final, limits: limits)
        #expect(fitting.interim == [103, 103])
        #expect(fitting.ends == 1)
        let transcript = Transcript.ofResponsesEveryCut(interim + interim + interim + final, limits: limits)
        #expect(transcript.error == .tooManyInterim)
    }
}
