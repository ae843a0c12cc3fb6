import Sessions
import Testing

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
