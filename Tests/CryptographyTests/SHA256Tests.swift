import Cryptography
import Testing

@Suite struct SHA256Tests {
    @Test func theStandardsExamplesHold() {
        #expect(
            SHA256.digest(Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.digest([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func piecesGiveTheDigestOfTheWholeAtEverySplit() {
        let message = (0..<150).map { UInt8($0) }
        let whole = SHA256.digest(message)
        var hasher = SHA256Hasher()
        for split in 0...message.count {
            hasher.update(message.span.extracting(0..<split))
            hasher.update(message.span.extracting(split..<message.count))
            #expect(hasher.finish() == whole)
        }
    }

    @Test func aFinishedHasherStartsAgainEmpty() {
        var hasher = SHA256Hasher()
        hasher.update("abc")
        _ = hasher.finish()
        #expect(hasher.finish() == SHA256.digest([]))
    }

    @Test func aDigestSurvivesTheWayThroughItsBytes() {
        let digest = SHA256.digest(Array("abc".utf8))
        let bytes = digest.bytes
        #expect(SHA256Digest(bytes.span) == digest)
        #expect(bytes.first == 0xBA && bytes.last == 0xAD)
    }

    @Test func digestsAreDictionaryKeys() {
        let first = SHA256.digest([1])
        let second = SHA256.digest([2])
        let table = [first: 1, second: 2]
        #expect(table[SHA256.digest([2])] == 2 && table[SHA256.digest([3])] == nil)
    }
}
