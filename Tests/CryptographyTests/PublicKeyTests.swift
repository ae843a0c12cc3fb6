import Bytes
import Cryptography
import Testing

/// Signatures are tested with whole tokens, in TokensTests; here it is which keys are taken.
@Suite struct PublicKeyTests {
    /// An odd number of exactly that many bits.
    private func modulus(bits: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x5B, count: (bits + 7) / 8)
        let top = (bits - 1) % 8
        bytes[0] = 1 << top | (bytes[0] & (1 << top - 1))
        return bytes
    }

    private func refusal(_ modulus: [UInt8], _ exponent: [UInt8]) -> PublicKeyError? {
        do {
            _ = try PublicKey(modulus: modulus, exponent: exponent)
            return nil
        } catch {
            return error
        }
    }

    @Test func keysHave2048To8192Bits() {
        for bits in [2048, 2049, 3072, 4096, 8192] { #expect(refusal(modulus(bits: bits), [1, 0, 1]) == nil) }
        for bits in [1, 1024, 2047, 8193, 16384] { #expect(refusal(modulus(bits: bits), [1, 0, 1]) == .modulus) }
        #expect(refusal([], [1, 0, 1]) == .modulus)
    }

    @Test func anEvenOrPaddedModulusIsRefused() {
        var even = modulus(bits: 2048)
        even[255] = 2
        #expect(refusal(even, [1, 0, 1]) == .modulus)
        #expect(refusal([0] + modulus(bits: 2048), [1, 0, 1]) == .modulus)
    }

    @Test func exponentsAreOddAndFrom65537() {
        let modulus = modulus(bits: 2048)
        for exponent in [[1, 0, 1], [1, 0, 3], [1, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(refusal(modulus, exponent) == nil)
        }
        for exponent in [[], [0], [1], [3], [0xFF, 0xFF], [1, 0, 0], [1, 0, 2], [0, 1, 0, 1]] as [[UInt8]] {
            #expect(refusal(modulus, exponent) == .exponent)
        }
        #expect(refusal(modulus, [1] + [UInt8](repeating: 0, count: 7) + [1]) == .exponent)
    }

    @Test func nonsenseIsNoSignature() throws {
        let key = try PublicKey(modulus: modulus(bits: 2048), exponent: [1, 0, 1])
        #expect(key.signatureSize == 256)
        for count in [0, 1, 255, 256, 257] {
            #expect(!key.verifies([UInt8](repeating: 1, count: count), of: [1, 2, 3], by: .rsaSHA256))
        }
    }

    @Test func theLibraryNamesItself() {
        #expect(OpenSSLVersion.text.hasPrefix("OpenSSL 3"))
    }
}
