import Bytes
import Cryptography
import Testing

/// Examples of RFC 4231.
@Suite struct HMACSHA256Tests {
    private func hmac(_ message: [UInt8], _ key: [UInt8]) -> String {
        Hex.encode(HMACSHA256.authenticate(message, key: key))
    }

    @Test func aShortKeyIsPadded() {
        #expect(
            hmac(Array("what do ya want for nothing?".utf8), Array("Jefe".utf8))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func aLongKeyIsDigestedFirst() {
        #expect(
            hmac(
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                [UInt8](repeating: 0xAA, count: 131))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func aPreparedKeyServesManyMessages() {
        let prepared = HMACSHA256(key: SecretBytes(Array("Jefe".utf8)))
        for message in [[], [1], [1, 2, 3]] as [[UInt8]] {
            #expect(prepared.authenticate(message).bytes == HMACSHA256.authenticate(message, key: Array("Jefe".utf8)))
        }
    }
}

/// Examples of RFC 5869 appendix A.
@Suite struct HKDFSHA256Tests {
    private func derive(_ secret: [UInt8], _ salt: [UInt8], _ info: String, _ count: Int) -> String {
        HKDFSHA256.derive(secret: SecretBytes(secret), salt: salt, info: info, count: count).withBytes(Hex.encode)
    }

    @Test func withoutSaltAndInfoTheThirdExampleHolds() {
        #expect(
            derive([UInt8](repeating: 0x0B, count: 22), [], "", 42)
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    }

    @Test func purposesGetKeysOfTheirOwn() {
        let secret = [UInt8](repeating: 7, count: 32)
        #expect(derive(secret, [1], "a", 32) != derive(secret, [1], "b", 32))
        #expect(derive(secret, [1], "a", 32) != derive(secret, [2], "a", 32))
        #expect(derive(secret, [1], "a", 64).hasPrefix(derive(secret, [1], "a", 32)))
    }

    @Test func theLongestOutputIs255Blocks() {
        #expect(derive([1], [], "", 255 * 32).count == 255 * 64)
    }
}
