import Deflate
import Testing

@Suite struct DeflateTests {
    @Test func zlibTellsItsVersion() { #expect(ZlibVersion.text.hasPrefix("1.")) }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 4096, 100_000])
    func whatWasCompressedComesBack(count: Int) {
        let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        let small = Deflate.compress(text)
        #expect(Deflate.inflate(small, limit: count) == text)
        #expect(Deflate.inflate(small, limit: count + 1) == text)
        if count > 0 { #expect(Deflate.inflate(small, limit: count - 1) == nil) }
    }

    @Test func aKnownStreamIsRead() {
        // `python3 -c 'import zlib; c = zlib.compressobj(wbits=-15); print(c.compress(b"postern") + c.flush())'`
        let known: [UInt8] = [0x2B, 0xC8, 0x2F, 0x2E, 0x49, 0x2D, 0xCA, 0x03, 0x00]
        #expect(Deflate.inflate(known, limit: 7) == Array("postern".utf8))
    }

    @Test func aBombGivesNothing() {
        let bomb = Deflate.compress([UInt8](repeating: 0, count: 50 << 20))
        #expect(bomb.count < 60_000)
        #expect(Deflate.inflate(bomb, limit: 65_536) == nil)
    }

    @Test func everyTruncationAndExtensionIsRefused() {
        let small = Deflate.compress(Array("the quick brown fox jumps over the lazy dog, the quick brown fox".utf8))
        for count in small.indices { #expect(Deflate.inflate(Array(small[..<count]), limit: 1000) == nil) }
        #expect(Deflate.inflate(small + [0], limit: 1000) == nil)
        #expect(Deflate.inflate([], limit: 1000) == nil)
    }

    @Test func everyDamagedByteIsSurvived() {
        let text = Array("the quick brown fox jumps over the lazy dog, the quick brown fox".utf8)
        let small = Deflate.compress(text)
        for index in small.indices {
            for bit in 0..<8 {
                var damaged = small
                damaged[index] ^= 1 << bit
                if let result = Deflate.inflate(damaged, limit: 1000) { #expect(result.count <= 1000) }
            }
        }
    }

    @Test func aLimitThatIsNoneIsRefused() {
        #expect(Deflate.inflate(Deflate.compress([1]), limit: -1) == nil)
        #expect(Deflate.inflate(Deflate.compress([]), limit: 0) == [])
    }
}
