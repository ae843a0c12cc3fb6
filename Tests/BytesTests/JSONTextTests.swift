import Bytes
import Testing

@Suite struct JSONTextTests {
    @Test func objectsAndArraysAreWritten() {
        var json = JSONText()
        json.object {
            $0.member("a", "x")
            $0.member("b", -1)
            $0.member("c", true)
            $0.member("left out", nil)
            $0.member("d", ["y", "z"])
            $0.key("e")
            $0.object { _ in }
            $0.key("f")
            $0.array {
                $0.null()
                $0.array { $0.number(UInt64.max) }
            }
        }
        #expect(json.text == #"{"a":"x","b":-1,"c":true,"d":["y","z"],"e":{},"f":[null,[18446744073709551615]]}"#)
    }

    @Test(arguments: [
        ("", #""""#), ("a\"\\b", #""a\"\\b""#), ("\n\r\t\u{0}\u{1F}\u{7F}", #""\n\r\t\u0000\u001f\u007f""#),
        ("\u{9B}31m\u{80}\u{A0}", "\"\\u009b31m\\u0080\u{A0}\""), ("h\u{E9}\u{1F600}/<", "\"h\u{E9}\u{1F600}/<\""),
    ])
    func stringsAreEscaped(_ text: String, _ expected: String) {
        var json = JSONText()
        json.string(text)
        #expect(json.text == expected)
    }

    @Test(arguments: [
        (1234, 3, "1.234"), (5, 3, "0.005"), (-5, 1, "-0.5"), (0, 2, "0.00"), (120, 2, "1.20"), (7, 0, "7"),
    ])
    func decimalsArePlaced(_ value: Int, _ places: Int, _ expected: String) {
        var json = JSONText()
        json.decimal(value, places: places)
        #expect(json.text == expected)
    }
}
