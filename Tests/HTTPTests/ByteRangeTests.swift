import HTTP
import Testing

@Suite struct ByteRangeTests {
    @Test(
        arguments: [
            ("bytes=0-0", .partial(0..<1)), ("bytes=0-99", .partial(0..<100)), ("bytes=10-", .partial(10..<100)),
            ("bytes=99-", .partial(99..<100)), ("bytes=50-1000", .partial(50..<100)), ("bytes=-1", .partial(99..<100)),
            ("bytes=-100", .partial(0..<100)), ("bytes=-1000", .partial(0..<100)), ("Bytes=1-2", .partial(1..<3)),
            ("bytes= 1-2 ", .partial(1..<3)), ("bytes=0-9223372036854775807", .partial(0..<100)),
            ("bytes=0-99999999999999999999", .partial(0..<100)), ("bytes=-99999999999999999999", .partial(0..<100)),
            ("bytes=100-", .unsatisfiable), ("bytes=100-200", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=99999999999999999999-", .unsatisfiable),
            ("", .whole), ("bytes=", .whole), ("bytes=-", .whole), ("bytes=5-4", .whole), ("bytes=a-b", .whole),
            ("bytes=1", .whole), ("bytes=--1", .whole), ("bytes=1-2-3", .whole), ("bytes=+1-2", .whole),
            ("bytes 1-2", .whole),
            ("bytes=0-1,5-6", .whole), ("bytes=0-0,", .whole), ("items=0-5", .whole), ("bytes=1 -2", .whole),
            ("bytes=0x1-2", .whole),
        ] as [(String, ByteRange.Resolution)])
    func isResolvedAgainstAHundredBytes(_ field: String, _ resolution: ByteRange.Resolution) {
        #expect(ByteRange.parse(field, size: 100) == resolution)
    }

    @Test(arguments: ["bytes=0-", "bytes=0-0", "bytes=-1"])
    func nothingOfNothingIsSatisfiable(_ field: String) {
        #expect(ByteRange.parse(field, size: 0) == .unsatisfiable)
    }

    @Test func hasOneSpelling() {
        #expect(ByteRange("BYTES= 007-08 ")?.description == "bytes=7-8")
        #expect(ByteRange("bytes=5-")?.description == "bytes=5-")
        #expect(ByteRange("bytes=-5")?.description == "bytes=-5")
    }

    @Test func contentRangeIsSpelledOut() {
        #expect(ByteRange.contentRange(0..<10, size: 100) == "bytes 0-9/100")
        #expect(ByteRange.contentRange(unsatisfiableOf: 100) == "bytes */100")
    }
}
