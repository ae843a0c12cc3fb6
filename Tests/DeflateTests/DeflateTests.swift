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

@Suite struct GzipEncoderTests {
    /// All of `input`, in parts of `step` bytes into rooms of `room` bytes.
    private func encode(_ input: [UInt8], length: Int?, step: Int, room: Int) -> [UInt8] {
        let encoder = GzipEncoder(length: length)
        var out: [UInt8] = []
        var start = 0
        while true {
            let part = Array(input[start..<min(input.count, start + step)])
            start += part.count
            var position = 0
            var isDone = false
            repeat {
                out.append(addingCapacity: room) { (span: inout OutputSpan<UInt8>) in
                    isDone = encoder.encode(part, from: &position, isLast: start == input.count, into: &span)
                }
            } while !isDone && (position < part.count || start == input.count)
            if isDone { return out }
        }
    }

    /// What a gzip stream of one member without a name holds (RFC 1952 section 2.3).
    static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 18, bytes.prefix(4) == [0x1F, 0x8B, 8, 0] else { return nil }
        let content = Deflate.inflate(Array(bytes[10..<bytes.count - 8]), limit: 1 << 26)
        let size = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        return content?.count == size ? content : nil
    }

    @Test(arguments: [0, 1, 511, 512, 4096, 70_000])
    func whatWasFedInAnyPartsComesBackWhole(count: Int) {
        let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        for (step, room) in [(1 << 20, 1 << 20), (1000, 1), (7, 64)] where count / step * (1000 / room) < 10_000_000 {
            for length in [nil, count] {
                #expect(Self.decode(encode(text, length: length, step: step, room: room)) == text)
            }
        }
    }

    @Test func aLengthThatWasWrongChangesNothing() {
        let text = [UInt8](repeating: 0x61, count: 100_000)
        #expect(Self.decode(encode(text, length: 10, step: 4096, room: 4096)) == text)
    }

    @Test func othersReadIt() {
        // `python3 -c 'import gzip, sys; print(gzip.decompress(bytes.fromhex(sys.argv[1])))' …` says b"postern".
        let bytes = encode(Array("postern".utf8), length: 7, step: 100, room: 100)
        #expect(
            bytes.dropFirst(10) == [
                0x2B, 0xC8, 0x2F, 0x2E, 0x49, 0x2D, 0xCA, 0x03, 0x00, 0xEE, 0x41, 0x96, 0x2B, 0x07, 0x00, 0x00, 0x00,
            ])
    }
}
