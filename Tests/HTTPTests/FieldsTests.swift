import HTTP
import Testing

@Suite struct FieldsTests {
    @Test func namesAreFoundWhateverTheirCase() {
        var fields = Fields()
        fields.append(name: Array("X-One".utf8).span, value: Array("1".utf8).span)
        fields.append(FieldName("X-TWO"), "2")
        #expect(fields[FieldName("x-one")] == "1")
        #expect(fields[FieldName("X-Two")] == "2")
        #expect(fields[FieldName("x-six")] == nil)
        #expect(fields.name(at: 0) == "x-one")
    }

    @Test func namesOfEqualHashAreToldApart() {
        let fields: Fields = [FieldName("abcd"): "1", FieldName("axcd"): "2"]
        #expect(fields[FieldName("axcd")] == "2")
        #expect(fields[FieldName("aycd")] == nil)
    }

    @Test func linesOfOneNameStayApart() {
        var fields: Fields = [.cookie: "a", .accept: "b", .cookie: "c"]
        #expect(fields.values(of: .cookie) == ["a", "c"])
        #expect(fields.count(of: .cookie) == 2)
        fields.set(.cookie, "d")
        #expect(fields == [.accept: "b", .cookie: "d"])
        fields.remove(.cookie)
        #expect(!fields.contains(.cookie))
        #expect(fields.count == 1)
    }

    @Test func fieldIsCopiedFromOtherFields() {
        let other: Fields = [.accept: "a", .range: "b"]
        var fields: Fields = [.host: "h"]
        fields.append(1, of: other)
        #expect(fields == [.host: "h", .range: "b"])
        #expect(fields[.range] == "b")
    }

    @Test func nothingEndsALine() {
        var fields: Fields = [.location: "/a\r\nb\0", .expires: "\n"]
        fields.append(name: Array("x\r".utf8).span, value: Array("c\td\n".utf8).span)
        #expect(fields.values(of: .location) == ["/a  b "])
        #expect(fields.values(of: .expires) == [" "])
        #expect(fields.name(at: 2) == "x " && fields.value(at: 2) == "c\td ")
    }

    @Test func descriptionHoldsNoValue() {
        #expect(Fields([(.authorization, "secret")]).description == "[authorization]")
    }

    @Test func bytesThatAreNotUTF8AreReplaced() {
        var fields = Fields()
        fields.append(name: Array("x".utf8).span, value: [0x61, 0xFF, 0x62].span)
        #expect(fields.value(at: 0) == "a\u{FFFD}b")
    }
}
