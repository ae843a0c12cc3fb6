import Cryptography
import Testing

@Suite struct SecretTests {
    @Test func aSecretPrintsAsSuchHoweverItIsPrinted() {
        let bytes = SecretBytes(Array("hunter2".utf8))
        let text = SecretText("hunter2")
        var dumped = ""
        dump(bytes, to: &dumped)
        dump(text, to: &dumped)
        dump([Optional(text)], to: &dumped)
        for printed in ["\(bytes)", "\(text)", String(reflecting: bytes), String(reflecting: text), dumped] {
            #expect(printed.contains("(secret)"))
            #expect(!printed.contains("hunter2") && !printed.contains("104"))
        }
    }

    @Test func aSecretGivesBackWhatItHolds() {
        #expect(SecretBytes([1, 2]).withBytes { $0 } == [1, 2])
        #expect(SecretText("pä:% +").reveal() == "pä:% +")
        #expect(SecretText("a") == SecretText("a") && SecretText("a") != SecretText("b"))
    }

    @Test func equalityIsByEveryByte() {
        #expect(ConstantTime.equal([] as [UInt8], []))
        #expect(ConstantTime.equal("abc", "abc"))
        #expect(!ConstantTime.equal("abc", "abd") && !ConstantTime.equal("abc", "ab"))
        // Equal as Swift's strings, different as bytes.
        #expect(!ConstantTime.equal("\u{E9}", "e\u{301}"))
    }

    @Test func randomBytesComeInTheNumberAskedFor() {
        for count in [0, 1, 257, 70_000] { #expect(SecureRandom.bytes(count).count == count) }
        #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
    }
}
