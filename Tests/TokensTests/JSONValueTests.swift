import Testing
import Tokens

@Suite struct JSONValueTests {
    private func parse(_ text: String, limits: JSONLimits = JSONLimits()) -> Result<JSONValue, JSONError> {
        do throws(JSONError) { return .success(try JSONValue.parse(Array(text.utf8), limits: limits)) } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), (" false\r\n\t", .bool(false)), ("0", .integer(0)),
        ("-0", .integer(0)), ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("1.5", .double(1.5)), ("1e3", .double(1000)), ("1E+3", .double(1000)), ("-1.25e-2", .double(-0.0125)),
        ("1e-999", .double(0)), ("\"\"", .string("")),
        ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", .string("a\"\\/\u{8}\u{C}\n\r\tz")),
        ("\"\\u00e4\\uD83D\\ude00ö😀\"", .string("ä😀ö😀")), ("[]", .array([])),
        ("[ 1 , 2 ]", .array([.integer(1), .integer(2)])),
        ("{}", .object([:])), ("{ \"a\" : { \"a\" : [ ] } }", .object(["a": .object(["a": .array([])])])),
        ("\"\u{7F}\"", .string("\u{7F}")),
    ])
    func theGrammarIsRead(text: String, value: JSONValue) {
        #expect(parse(text) == .success(value))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "tru", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "1_0", "NaN",
        "Infinity", "-Infinity", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\\u0000\"", "\"\n\"", "\"\u{1F}\"", "'a'", "[", "]", "[1", "[1,",
        "[1,]",
        "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}",
        "{\"a\" 1}",
        "{,}", "1 2", "{}{}", "[]x", "/**/1", "1//", "\u{FEFF}1", "\u{A0}1",
    ])
    func whatIsNotTheGrammarIsRefused(text: String) {
        guard case .failure(.malformed) = parse(text) else {
            Issue.record("taken for JSON: \(text)")
            return
        }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for bytes in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22], [0xFF],
        ]
            as [[UInt8]]
        {
            #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
        }
    }

    @Test func aNameComesOnceHoweverItIsSpelled() {
        #expect(parse(#"{"a":1,"a":1}"#) == .failure(.duplicateName))
        #expect(parse(#"{"a":1,"\u0061":2}"#) == .failure(.duplicateName))
        #expect(parse(#"{"x":{"a":1,"b":1,"a":1}}"#) == .failure(.duplicateName))
        #expect(parse(#"[{"a":1},{"a":1}]"#) != .failure(.duplicateName))
    }

    @Test func thirtyTwoLevelsAreReadAndNoMore() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect((try? parse(nested(32)).get()) != nil)
        #expect(parse(nested(33)) == .failure(.tooDeep))
        #expect(parse(String(repeating: "[", count: 200_000)) == .failure(.tooDeep))
        #expect(parse(String(repeating: "{\"a\":", count: 40_000)) == .failure(.tooDeep))
    }

    @Test func aDocumentHasTheSizeOfTheLimitAtMost() {
        let limits = JSONLimits(size: 10)
        #expect(parse("\"12345678\"", limits: limits) == .success(.string("12345678")))
        #expect(parse("\"123456789\"", limits: limits) == .failure(.tooLarge))
    }

    @Test func numbersBeyondDoubleAreRefused() {
        #expect(parse("1e308") == .success(.double(1e308)))
        for text in ["1e309", "-1e999", "1" + String(repeating: "0", count: 64)] {
            #expect(parse(text) == .failure(.numberOutOfRange))
        }
        #expect((try? parse("1" + String(repeating: "0", count: 63)).get()) != nil)
    }

    @Test func everyPrefixOfADocumentIsRefusedWithoutATrap() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e4\ud83d\ude00\n",true,null],"ü":{}}"#.utf8)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(text.prefix(count))) }
        }
        #expect((try? JSONValue.parse(text)) != nil)
    }

    @Test func noChangedByteTrapsTheParser() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e4\ud83d\ude00\n",true,null],"ü":{}}"#.utf8)
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                if let value = try? JSONValue.parse(changed) {
                    #expect((try? JSONValue.parse(value.serialized)) == value)
                }
            }
        }
    }

    @Test func whatIsWrittenReadsTheSame() throws {
        let text = #"{"b":[1,-2,1.5,1e+300,true,false,null],"a":"\"\\\u001f\u0001ä😀","c":{"d":{}}}"#
        let value = try parse(text).get()
        #expect(try JSONValue.parse(value.serialized) == value)
        let numbers = try #require(value["b"]).serialized
        #expect(String(decoding: numbers, as: UTF8.self) == "[1,-2,1.5,1e+300,true,false,null]")
    }

    @Test func aDottedNameLeadsDownwardsUnlessSomethingBearsIt() throws {
        let value = try parse(#"{"a":{"b":{"c":1}},"a.b":{"d":2},"x.y":3}"#).get()
        #expect(value.member(at: "a.b.c") == .integer(1))
        #expect(value.member(at: "a.b") == .object(["d": .integer(2)]))
        #expect(value.member(at: "x.y") == .integer(3))
        #expect(value.member(at: "a.x") == nil && value.member(at: "") == nil && value.member(at: ".") == nil)
    }
}
