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
        #expect(reason(Base64URL.encode(raw) + "\n\n") == .form)
        #expect(reason(" " + Base64URL.encode(raw)) == .form)
        #expect(reason("-+" + String(repeating: "ab", count: 40)) == .form)
        #expect(reason("=" + Base64URL.encode(raw)) == .form)
        #expect(reason(Base64URL.encode(raw) + "==") == .form)
        #expect(reason(Hex.encode(raw) + "a") == .form)
        #expect(reason("a passphrase that somebody thought of, and wrote down here") == .form)
        #expect(reason(Hex.encode([UInt8](repeating: 0, count: 32))) == .guessable)
        #expect(KeyRingError(position: 1, reason: .short).description.contains("session key 2"))
        #expect(KeyRingError(position: 1, reason: .short).description.contains("postern secret"))
    }

    @Test func aRingHas1To16Keys() throws {
        #expect(throws: KeyRingError(position: 0, reason: .none)) { try KeyRing([]) }
        let keys = (0..<17).map { number in SecretBytes((0..<32).map { UInt8($0 + number * 8) }) }
        #expect(try KeyRing(Array(keys.prefix(16))).keyIDs.count == 16)
        #expect(throws: KeyRingError(position: 16, reason: .many)) { try KeyRing(keys) }
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

    private func reason(_ text: String) -> KeyRingError.Reason? {
        do {
            _ = try ring(text)
            return nil
        } catch { return error.reason }
    }

    private func standard(_ bytes: [UInt8]) -> String {
        String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    }
}

@Suite struct SealedBoxTests {
    private let box = SealedBox(Samples.ring(1))
    private let payload = Array("who goes there".utf8)
    private let context = Array("docs".utf8)

    private func opens(_ text: String) -> Bool { box.open(text, purpose: .session, context: context) != nil }

    @Test func everyChangedBitIsRefused() {
        let sealed = Base64URL.decode(box.seal(payload, purpose: .session, context: context))!
        #expect(sealed.count == payload.count + 33)
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                #expect(!opens(Base64URL.encode(changed)))
            }
        }
    }

    @Test func everyTruncationAndExtensionIsRefused() {
        let sealed = Base64URL.decode(box.seal(payload, purpose: .session, context: context))!
        for count in sealed.indices {
            #expect(!opens(Base64URL.encode(Array(sealed[..<count]))))
            #expect(!opens(Base64URL.encode(Array(sealed[count...].dropFirst()))))
        }
        #expect(!opens(Base64URL.encode(sealed + [0])))
        #expect(!opens(Base64URL.encode([0] + sealed)))
        #expect(opens(Base64URL.encode(sealed)))
    }

    @Test func anotherSpellingIsRefused() {
        let text = box.seal(payload, purpose: .session, context: context)
        for changed in [text + "=", text + " ", " " + text, text + "\n", "\"\(text)\"", "", "A", "....", text + text] {
            #expect(!opens(changed))
        }
    }

    @Test func anotherPurposeOrContextIsRefused() {
        let text = box.seal(payload, purpose: .session, context: context)
        for purpose in KeyPurpose.allCases where purpose != .session {
            #expect(box.open(text, purpose: purpose, context: context) == nil)
        }
        for other in ["", "doc", "docs ", "docs\0", "\0docs", "Docs"] {
            #expect(box.open(text, purpose: .session, context: Array(other.utf8)) == nil)
        }
    }

    @Test func twoSealsOfTheSameDiffer() {
        var seen: Set<[UInt8]> = []
        for _ in 0..<20_000 {
            let sealed = Base64URL.decode(box.seal([], purpose: .session, context: []))!
            seen.insert(Array(sealed[5..<17]))
        }
        #expect(seen.count == 20_000)
    }

    @Test func theLongestTextIsLookedAtAndOneLongerIsNot() {
        let fits = SealedBox.limit / 4 * 3 - 33
        #expect(opens(box.seal([UInt8](repeating: 1, count: fits), purpose: .session, context: context)))
        #expect(!opens(box.seal([UInt8](repeating: 1, count: fits + 1), purpose: .session, context: context)))
    }
}

@Suite struct FormTokenTests {
    @Test func aTokenIsGoodForItsSessionAndFormAlone() {
        let ring = Samples.ring(2, 1)
        let session = SessionID.random()
        let token = FormToken.make("logout", session: session, ring: ring)
        #expect(token.utf8.count == 43)
        #expect(FormToken.isValid(token, "logout", session: session, ring: ring))
        #expect(!FormToken.isValid(token, "login", session: session, ring: ring))
        #expect(!FormToken.isValid(token, "logout", session: .random(), ring: ring))
        #expect(!FormToken.isValid("", "logout", session: session, ring: ring))
        #expect(!FormToken.isValid(token + "A", "logout", session: session, ring: ring))
        #expect(!FormToken.isValid(token, "logout", session: session, ring: Samples.ring(3)))
    }

    @Test func aTokenOutlivesARotationOfTheKeys() {
        let session = SessionID.random()
        let token = FormToken.make("logout", session: session, ring: Samples.ring(1))
        #expect(FormToken.isValid(token, "logout", session: session, ring: Samples.ring(2, 1)))
    }
}
