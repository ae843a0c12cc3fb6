import Telemetry
import Testing

struct ReferenceTests {
    @Test func referenceHasTenCharactersThatCanBeReadOut() {
        #expect(Reference.make(random: Array(repeating: 255, count: 10)) == "ZZZZZZZZZZ")
        #expect(Reference.make(random: Array(0..<10)) == "0123456789")
        let letters = Reference.make(random: Array(10..<32)) + Reference.make(random: Array(20..<32))
        #expect(letters == "ABCDEFGHJKMNPQRSTVWX")
    }
}
