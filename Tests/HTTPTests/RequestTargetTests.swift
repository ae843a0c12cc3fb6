import Bytes
import HTTP
import Testing

@Suite struct RequestTargetTests {
    @Test(
        arguments: [
            ("/", "/", nil, [], true), ("/a", "/a", nil, ["a"], false), ("/a/", "/a/", nil, ["a"], true),
            ("/a/b.html?c=d", "/a/b.html", "c=d", ["a", "b.html"], false), ("/?", "/", "", [], true),
            ("/a%20b/%C3%a9", "/a%20b/%C3%a9", nil, ["a b", "\u{E9}"], false), ("/a+b", "/a+b", nil, ["a+b"], false),
            ("/%252e%252e/x", "/%252e%252e/x", nil, ["%2e%2e", "x"], false), ("/...", "/...", nil, ["..."], false),
            ("/..a/b..", "/..a/b..", nil, ["..a", "b.."], false), ("/..;/x", "/..;/x", nil, ["..;", "x"], false),
            ("/a%3Fb%23?c?d", "/a%3Fb%23", "c?d", ["a?b#"], false), ("/a[1]", "/a[1]", nil, ["a[1]"], false),
            ("/x?../..//%2f%zz{}|", "/x", "../..//%2f%zz{}|", ["x"], false), ("/.a", "/.a", nil, [".a"], false),
        ] as [(String, String, String?, [String], Bool)])
    func isTakenApart(_ text: String, _ path: String, _ query: String?, _ segments: [String], _ isDirectory: Bool)
        throws
    {
        let target = try RequestTarget(text)
        #expect(target.path == path)
        #expect(target.query == query)
        #expect(target.segments == segments)
        #expect(target.isDirectory == isDirectory)
    }

    @Test(arguments: [
        ("", RequestTarget.Fault.notOriginForm), ("a", .notOriginForm), ("*", .notOriginForm), ("?a", .notOriginForm),
        ("http://a/", .notOriginForm), ("//", .emptySegment), ("//a", .emptySegment), ("/a//b", .emptySegment),
        ("/a//", .emptySegment), ("/.", .dotSegment), ("/..", .dotSegment), ("/a/./b", .dotSegment),
        ("/a/..?b", .dotSegment),
        ("/%2e", .dotSegment), ("/%2E./a", .dotSegment), ("/.%2e/a", .dotSegment), ("/a/%2e%2e", .dotSegment),
        ("/a%2fb", .encodedSlash), ("/%2F", .encodedSlash), ("/..%2fa", .encodedSlash), ("/a%5c", .encodedSlash),
        ("/a\\b", .encodedSlash), ("/a%00", .controlByte), ("/a%0A", .controlByte), ("/%7f", .controlByte),
        ("/%", .percentEncoding), ("/%4", .percentEncoding), ("/a%4/b", .percentEncoding), ("/%zz", .percentEncoding),
        ("/%-1", .percentEncoding), ("/%ff", .notUTF8), ("/%c0%af", .notUTF8), ("/%ed%a0%80", .notUTF8),
        ("/%f5%80%80%80", .notUTF8), ("/%C3/%A9", .notUTF8), ("/a b", .forbiddenByte), ("/a#b", .forbiddenByte),
        ("/\u{E9}", .forbiddenByte), ("/a\u{0}", .forbiddenByte), ("/a\"", .forbiddenByte), ("/<", .forbiddenByte),
        ("/a|b", .forbiddenByte), ("/a^", .forbiddenByte), ("/a`", .forbiddenByte), ("/{}", .forbiddenByte),
        ("/?a b", .forbiddenByte), ("/?a#b", .forbiddenByte), ("/?<", .forbiddenByte), ("/?\u{E9}", .forbiddenByte),
    ])
    func isRefused(_ text: String, _ fault: RequestTarget.Fault) {
        #expect(throws: fault) { try RequestTarget(text) }
    }

    @Test func decodedPathKeepsTheLastSlash() throws {
        #expect(try RequestTarget("/").decodedPath == "/")
        #expect(try RequestTarget("/a%20b/c?d").decodedPath == "/a b/c")
        #expect(try RequestTarget("/a/b/").decodedPath == "/a/b/")
    }

    @Test func escapedSpellsTheQueryAsAReturnTargetTakesIt() throws {
        #expect(try RequestTarget("/a").escaped == "/a")
        #expect(try RequestTarget("/a?b=c&d=%20/?:@[]").escaped == "/a?b=c&d=%20/?:@[]")
        #expect(try RequestTarget("/a?{|}\\^`%%4%zz").escaped == "/a?%7B%7C%7D%5C%5E%60%25%254%25zz")
        let escaped = try RequestTarget("/a?{|}\\^`%").escaped
        #expect(ReturnTarget.validated(escaped, reservedPrefix: "/.auth/") == escaped)
    }

    /// Every byte in every spelling: what is accepted encodes to a path that means the same, and no segment that
    /// comes out could be taken for structure.
    @Test func acceptedSegmentsRoundTripAndHoldNoStructure() {
        for first in UInt8.min...UInt8.max {
            for spelling in ["", ".", "a", "%2e", "%C3%A9"] {
                let encoded = "%" + Hex.encode([first])
                for text in ["/x/\(encoded)\(spelling)/y", "/\(spelling)\(encoded)"] {
                    guard let target = try? RequestTarget(text) else { continue }
                    for segment in target.segments {
                        #expect(segment != "" && segment != "." && segment != "..")
                        #expect(!segment.utf8.contains { $0 < 0x20 || $0 == 0x2F || $0 == 0x5C || $0 == 0x7F })
                    }
                    let again = "/" + target.segments.map { PercentCoding.encode($0) }.joined(separator: "/")
                    #expect(try! RequestTarget(again).segments == target.segments)
                }
            }
        }
    }
}
