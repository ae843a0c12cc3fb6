import Sessions
import Testing

@Suite struct FormTokenTests {
    private let session = SessionID.random()

    @Test func aTokenHoldsForItsSessionAndItsSiteAlone() {
        let tokens = FormToken(ring: Samples.ring(1), site: "docs")
        let token = tokens.make(for: session)
        #expect(token.utf8.count == 43 && tokens.holds(token, for: session))
        #expect(!tokens.holds(token, for: .random()))
        #expect(!FormToken(ring: Samples.ring(1), site: "other").holds(token, for: session))
        #expect(!FormToken(ring: Samples.ring(2), site: "docs").holds(token, for: session))
        for wrong in ["", "A", String(token.dropLast()), token + "A", String(repeating: "A", count: 43)] {
            #expect(!tokens.holds(wrong, for: session))
        }
    }

    @Test func anOlderKeysTokenHolds() {
        let token = FormToken(ring: Samples.ring(1), site: "docs").make(for: session)
        #expect(FormToken(ring: Samples.ring(2, 1), site: "docs").holds(token, for: session))
    }
}
