import Origins
import Testing

struct ObjectKeyTests {
    @Test(arguments: [
        "a", "index.html", "dir/a.txt", "...", "..a", "a..", ".hidden", "a.../b", "dir/.well-known/x", " ", "a b",
        "%2e%2e",
        "é", "e\u{301}", "😀", "a+b", "a?b#c", "\u{85}", "\u{2028}", "C:",
    ])
    func namesAnObject(_ key: String) {
        #expect(ObjectKey.namesObject(key))
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", "//", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a/../../b",
        "a\\b",
        "..\\a", "a\0", "\u{1}", "a\nb", "a\tb", "a\u{7F}",
    ])
    func namesNone(_ key: String) {
        #expect(!ObjectKey.namesObject(key))
    }

    @Test func theLimitIsInBytesOfUTF8AndCountsThePrefix() {
        #expect(ObjectKey.namesObject(String(repeating: "a", count: 1024)))
        #expect(!ObjectKey.namesObject(String(repeating: "a", count: 1025)))
        #expect(ObjectKey.namesObject(String(repeating: "中", count: 341)))
        #expect(!ObjectKey.namesObject(String(repeating: "中", count: 342)))
        #expect(ObjectKey.namesObject(String(repeating: "a", count: 1019), prefixLength: 5))
        #expect(!ObjectKey.namesObject(String(repeating: "a", count: 1020), prefixLength: 5))
    }

    @Test func isEncodedOnceWithUpperCaseDigits() {
        var path: [UInt8] = []
        ObjectKey.appendEncoded("a b/%2F+~é-_.!", to: &path)
        #expect(String(decoding: path, as: UTF8.self) == "a%20b/%252F%2B~%C3%A9-_.%21")
    }
}
