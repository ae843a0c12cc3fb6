import HTTP
import Testing

/// One byte of every value put into a good request at every place that has a grammar of its own, against a table of
/// what that grammar allows there.
@Suite struct HTTP1EveryByteTests {
    private enum Verdict { case complete, incomplete, refused }

    private static let token = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    private static let hexadecimal = Set("0123456789abcdefABCDEF".utf8)
    private static let path = Set<UInt8>(0x21...0x7E).subtracting("\"#<>?\\^`{|}%".utf8)
    private static let fieldValue = Set<UInt8>(0x20...0x7E).union(0x80...0xFF).union([0x09])
    private static let underscore: Set<UInt8> = [0x5F]

    private struct Place: Sendable {
        let name: String
        let before: String
        let after: String
        var complete: Set<UInt8> = []
        var incomplete: Set<UInt8> = []
    }

    private static let places: [Place] = {
        let line = "POST /x HTTP/1.1\r\n"
        let fields = "Host: a\r\nX-A: v\r\nTransfer-Encoding: chunked\r\n\r\n"
        let body = "5;e=f\r\nhello\r\n0\r\nT: w\r\n\r\n"
        let head = line + fields
        return [
            Place(name: "before the method", before: "", after: head + body, complete: token),
            Place(name: "in the method", before: "PO", after: "ST /x HTTP/1.1\r\n" + fields + body, complete: token),
            Place(
                name: "behind the method", before: "POST", after: " /x HTTP/1.1\r\n" + fields + body, complete: token),
            Place(name: "before the target", before: "POST ", after: "/x HTTP/1.1\r\n" + fields + body),
            Place(
                name: "in the path", before: "POST /", after: "x HTTP/1.1\r\n" + fields + body,
                complete: path.subtracting([0x2F]).union([0x3F])),
            Place(
                name: "behind the path", before: "POST /x", after: " HTTP/1.1\r\n" + fields + body,
                complete: path.union([0x3F])),
            Place(
                name: "in the query", before: "POST /x?", after: " HTTP/1.1\r\n" + fields + body,
                complete: Set<UInt8>(0x21...0x7E).subtracting("\"#<>".utf8)),
            Place(name: "before the version", before: "POST /x ", after: "HTTP/1.1\r\n" + fields + body),
            Place(name: "in the version", before: "POST /x HTTP/1", after: ".1\r\n" + fields + body),
            Place(name: "behind the version", before: "POST /x HTTP/1.1", after: "\r\n" + fields + body),
            Place(name: "between CR and LF", before: "POST /x HTTP/1.1\r", after: "\n" + fields + body),
            Place(
                name: "before a field name", before: line + "Host: a\r\n", after: "X-A: v\r\n\r\n",
                complete: token.subtracting(underscore)),
            Place(
                name: "behind a field name", before: line + "Host: a\r\nX-A", after: ": v\r\n\r\n",
                complete: token.subtracting(underscore).union([0x3A])),
            Place(
                name: "before a field value", before: line + "Host: a\r\nX-A:", after: "v\r\n\r\n", complete: fieldValue
            ),
            Place(
                name: "in a field value", before: line + "Host: a\r\nX-A: v", after: "w\r\n\r\n", complete: fieldValue),
            Place(
                name: "behind a field value", before: line + "Host: a\r\nX-A: v", after: "\r\n\r\n",
                complete: fieldValue),
            Place(
                name: "in the host", before: line + "Host: a", after: "b\r\n\r\n",
                complete: Set("-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)),
            Place(
                name: "in the coding", before: line + "Host: a\r\nTransfer-Encoding: chu", after: "nked\r\n\r\n" + body),
            Place(
                name: "before the coding", before: line + "Host: a\r\nTransfer-Encoding:",
                after: "chunked\r\n\r\n" + body,
                complete: [0x09, 0x20]),
            Place(
                name: "in the length", before: line + "Host: a\r\nContent-Length: ", after: "5\r\n\r\nhello",
                complete: [0x09, 0x20, 0x30], incomplete: Set("123456789".utf8)),
            Place(
                name: "before a chunk size", before: head, after: body, complete: [0x30],
                incomplete: hexadecimal.subtracting([0x30])),
            Place(
                name: "behind a chunk size", before: head + "5", after: String(body.dropFirst()),
                incomplete: hexadecimal),
            Place(
                name: "in an extension", before: head + "5;e", after: "=f\r\nhello\r\n0\r\n\r\n",
                complete: token),
            Place(
                name: "behind an extension", before: head + "5;e=f", after: "\r\nhello\r\n0\r\n\r\n", complete: token),
            Place(name: "behind the data", before: head + "5\r\nhello", after: "\r\n0\r\n\r\n"),
            Place(name: "in the last line end", before: head + "0\r\n\r", after: "\n"),
            Place(
                name: "before a trailer name", before: head + "0\r\n", after: "T: w\r\n\r\n",
                complete: token),
            Place(name: "in a trailer value", before: head + "0\r\nT: w", after: "\r\n\r\n", complete: fieldValue),
        ]
    }()

    @Test func onlyWhatTheGrammarAllowsGetsThrough() {
        for place in Self.places {
            for byte in UInt8.min...UInt8.max {
                let bytes = Array(place.before.utf8) + [byte] + Array(place.after.utf8)
                let whole = Transcript.ofRequests(bytes)
                let verdict: Verdict =
                    whole.error != nil ? .refused : whole.ends == 1 && whole.rest == 0 ? .complete : .incomplete
                let expected: Verdict =
                    place.complete.contains(byte) ? .complete : place.incomplete.contains(byte) ? .incomplete : .refused
                #expect(verdict == expected, "byte \(byte) \(place.name)")
                #expect(
                    Transcript.ofRequests(bytes, cuts: Array(1..<bytes.count)) == whole, "byte \(byte) \(place.name)")
            }
        }
    }
}
