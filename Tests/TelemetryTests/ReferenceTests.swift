import Telemetry
import Testing

struct ReferenceTests {
    @Test func referenceHasTenCharactersThatCanBeReadOut() {
        #expect(Reference.make(random: Array(repeating: 255, count: 10)) == "ZZZZZZZZZZ")
        #expect(Reference.make(random: Array(0..<10)) == "0123456789")
        let letters = Reference.make(random: Array(10..<32)) + Reference.make(random: Array(20..<32))
        #expect(letters == "ABCDEFGHJKMNPQRSTVWX")
    }

    @Test func whatWasReadOutIsReadAgain() {
        for text in ["7K3M9QX201", "7k3m9-qx20i", "7K3 M9Q X2OL", "7k3m9qx2ol"] {
            #expect(Reference.read(text) == "7K3M9QX201")
        }
        for text in ["", "7K3M9QX20", "7K3M9QX2011", "7K3M9QX20U", "7K3M9QX20/", "７K3M9QX20"] {
            #expect(Reference.read(text) == nil)
        }
    }
}
