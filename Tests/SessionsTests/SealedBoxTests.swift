import Bytes
import Sessions
import Testing

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
