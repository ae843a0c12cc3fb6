import Bytes
import Cryptography
import Testing

@Suite struct AES256GCMTests {
    private let cipher = AES256GCM(key: SecretBytes([UInt8](repeating: 0, count: 32)))

    /// Made by the Python library `cryptography`: key and nonce all zero.
    @Test func anotherLibrarysMessageOpens() throws {
        let sealed = try #require(
            Hex.decode(
                "000000000000000000000000" + "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"))
        #expect(cipher.open(sealed, authenticating: []) == [UInt8](repeating: 0, count: 16))
    }

    @Test(arguments: [0, 1, 15, 16, 17, 4096]) func whatIsSealedOpens(count: Int) {
        let plaintext = SecureRandom.bytes(count)
        let sealed = cipher.seal(plaintext, authenticating: [1, 2])
        #expect(sealed.count == count + AES256GCM.overhead)
        #expect(cipher.open(sealed, authenticating: [1, 2]) == plaintext)
    }

    @Test func everyChangedBitIsNoticed() {
        let sealed = cipher.seal([1, 2, 3], authenticating: [9])
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                #expect(cipher.open(changed, authenticating: [9]) == nil)
            }
        }
    }

    @Test func everyTruncationIsNoticed() {
        let sealed = cipher.seal([1, 2, 3], authenticating: [])
        for count in 0..<sealed.count { #expect(cipher.open(Array(sealed.prefix(count)), authenticating: []) == nil) }
        #expect(cipher.open(sealed + [0], authenticating: []) == nil)
    }

    @Test func anotherContextOrKeyDoesNotOpen() {
        let sealed = cipher.seal([1, 2, 3], authenticating: [1])
        #expect(cipher.open(sealed, authenticating: [2]) == nil)
        #expect(cipher.open(sealed, authenticating: []) == nil)
        let other = AES256GCM(key: SecretBytes([UInt8](repeating: 1, count: 32)))
        #expect(other.open(sealed, authenticating: [1]) == nil)
    }

    @Test func noTwoMessagesLookAlike() {
        #expect(cipher.seal([1], authenticating: []) != cipher.seal([1], authenticating: []))
    }

    @Test func oneValueServesManyTasks() async {
        let cipher = cipher
        await withTaskGroup(of: Bool.self) { group in
            for value in 0..<8 {
                group.addTask {
                    (0..<200).allSatisfy { _ in
                        let plaintext = [UInt8](repeating: UInt8(value), count: 100)
                        return cipher.open(cipher.seal(plaintext, authenticating: []), authenticating: []) == plaintext
                    }
                }
            }
            for await intact in group { #expect(intact) }
        }
    }
}
