import Bytes
import Cryptography
import Sessions
import Testing

@Suite struct KeyRingTests {
    private let raw: [UInt8] = (0..<32).map { UInt8(truncatingIfNeeded: $0 * 7 + 128) }
    private let payload = Array("payload".utf8)

    private func ring(_ content: [UInt8]) throws(KeyRingError) -> KeyRing { try KeyRing([SecretBytes(content)]) }
    private func ring(_ text: String) throws(KeyRingError) -> KeyRing { try ring(Array(text.utf8)) }

    @Test func everySpellingOfAKeyIsTheSameKey() throws {
        let id = try ring(raw).keyIDs
        let padded = standard(raw) + "="
        for text in [
            Hex.encode(raw), Hex.encode(raw).uppercased(), Base64URL.encode(raw), Base64URL.encode(raw) + "=",
            standard(raw), padded, padded + "\n", padded + "\r\n", Hex.encode(raw) + "\n",
        ] {
            #expect(try ring(text).keyIDs == id)
        }
        #expect(try ring(raw + [0x0A]).keyIDs == id)
        #expect(id[0].utf8.count == 8)
    }

    @Test func aRawKeyMayBeLonger() throws {
        #expect(try ring(raw + raw).keyIDs != ring(raw).keyIDs)
        #expect(reason(String(decoding: [0xC3, 0xA9], as: UTF8.self)) == .short)
    }

    @Test func aRawKeyMayEndWithALineEnding() throws {
        let key = Array(raw.dropLast()) + [0x0A]
        #expect(try ring(key).keyIDs == ring(Hex.encode(key)).keyIDs)
    }

    @Test func whatPosternSecretPrintsIsAKey() throws {
        let text = KeyRing.makeKeyText()
        #expect(text.utf8.count == 43)
        #expect(text != KeyRing.makeKeyText())
        #expect(try ring(text + "\n").keyIDs != ring(raw).keyIDs)
    }

    @Test func aKeyHas32To1024Bytes() throws {
        #expect(reason(Hex.encode([UInt8](raw.dropLast()))) == .short)
        #expect(reason(Base64URL.encode([UInt8](raw.dropLast()))) == .short)
        #expect(reason(Hex.encode((0..<1025).map { UInt8($0 & 0xFF) })) == .long)
        #expect(try ring(Hex.encode((0..<1024).map { UInt8($0 & 0xFF) })).keyIDs.count == 1)
    }

    @Test func whatIsNoKeyIsRefusedWithARemedy() {
        #expect(reason("") == .empty)
        #expect(reason("\n") == .empty)
        #expect(reason(" " + String(repeating: "a passphrase ", count: 4)) == .form)
        #expect(reason(" " + Base64URL.encode(raw)) == .form)
        #expect(reason("-+" + String(repeating: "ab", count: 40)) == .form)
        #expect(reason("=" + Base64URL.encode(raw)) == .form)
        #expect(reason(Base64URL.encode(raw) + "==") == .form)
        #expect(reason(Hex.encode(raw) + "a") == .form)
        #expect(reason("a passphrase that somebody thought of, and wrote down here") == .form)
        #expect(reason(Hex.encode([UInt8](repeating: 0, count: 32))) == .guessable)
        #expect(KeyRingError.key(.short, position: 1).description.contains("session key 2"))
        #expect(KeyRingError.key(.short, position: 1).description.contains("postern secret"))
    }

    @Test func aRingHas1To16Keys() throws {
        #expect(throws: KeyRingError.none) { try KeyRing([]) }
        let keys = (0..<17).map { number in SecretBytes((0..<32).map { UInt8($0 + number * 8) }) }
        #expect(try KeyRing(Array(keys.prefix(16))).keyIDs.count == 16)
        #expect(throws: KeyRingError.many) { try KeyRing(keys) }
    }

    @Test func aRingPrintsNoKey() {
        let ring = Samples.ring(1)
        #expect(!"\(ring)".contains(Hex.encode((0..<32).map { UInt8($0) &+ 7 })))
    }

    @Test func theNewestSealsAndAllOpen() {
        let old = SealedBox(Samples.ring(1)).seal(payload, purpose: .session, context: [])
        let rotated = SealedBox(Samples.ring(2, 1))
        let opened = rotated.open(old, purpose: .session, context: [])
        #expect(opened?.payload == payload)
        #expect(opened?.isNewest == false)
        let new = rotated.seal(payload, purpose: .session, context: [])
        #expect(rotated.open(new, purpose: .session, context: [])?.isNewest == true)
        #expect(SealedBox(Samples.ring(2)).open(old, purpose: .session, context: []) == nil)
        #expect(SealedBox(Samples.ring(1)).open(new, purpose: .session, context: []) == nil)
    }

    private func reason(_ text: String) -> KeyFault? {
        do {
            _ = try ring(text)
            return nil
        } catch KeyRingError.key(let fault, _) {
            return fault
        } catch { return nil }
    }

    private func standard(_ bytes: [UInt8]) -> String {
        String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    }
}
