import HTTP
import Testing

struct ForwardedFieldsTests {
    func forwarded(_ lines: String...) -> [ForwardedFields.Element] {
        ForwardedFields.forwarded(Fields(lines.map { (.forwarded, $0) }))
    }

    func clients(_ lines: String...) -> [String?] {
        ForwardedFields.xForwarded(Fields(lines.map { (.xForwardedFor, $0) })).map(\.client)
    }

    typealias Element = ForwardedFields.Element

    @Test func theNearestProxysElementComesFirst() {
        #expect(
            forwarded(
                "for=192.0.2.60;proto=http;by=203.0.113.43", "for=198.51.100.17, for=10.0.0.1;proto=HTTPS;host=A.test")
                == [
                    Element(client: "10.0.0.1", scheme: "https", host: "a.test"), Element(client: "198.51.100.17"),
                    Element(client: "192.0.2.60", scheme: "http"),
                ])
        #expect(clients("1.1.1.1, 2.2.2.2", "3.3.3.3") == ["3.3.3.3", "2.2.2.2", "1.1.1.1"])
    }

    @Test func theSpecificationsExamplesAreRead() {
        #expect(forwarded(#"for="_gazonk""#) == [Element()])
        #expect(forwarded(#"For="[2001:db8:cafe::17]:4711""#) == [Element(client: "2001:db8:cafe::17")])
        #expect(forwarded("for=unknown") == [Element()])
        #expect(
            forwarded(#"for=192.0.2.43, for="[2001:db8:cafe::17]""#).map(\.client) == [
                "2001:db8:cafe::17", "192.0.2.43",
            ])
        #expect(forwarded(#"for="192.0.2.43:47011""#) == [Element(client: "192.0.2.43")])
        #expect(forwarded(#"for="192.0.2.43:_port";host="a, b""#) == [Element(client: "192.0.2.43", host: "a, b")])
        #expect(
            forwarded(#"ext="a\"b;,c"; for=192.0.2.1 ; proto=https"#) == [Element(client: "192.0.2.1", scheme: "https")]
        )
    }

    @Test func quoteThatAClientLeftOpenSwallowsNothing() {
        #expect(forwarded(#"for="1.1.1.1, for=198.51.100.17"#).first == Element(client: "198.51.100.17"))
        #expect(forwarded(#"for="1.1.1.1, for="[2001:db8::1]""#).first == Element(client: "2001:db8::1"))
        #expect(forwarded(#"for="x\", for=198.51.100.17"#).first == Element(client: "198.51.100.17"))
    }

    @Test(arguments: [
        "", "for", "for=", "=1", "for=1.1.1.1 2.2.2.2", "for=1.1.1.1;for=2.2.2.2", "for =1.1.1.1", "for= 1.1.1.1",
        #"for="1.1.1.1"#, #"for="1.1.1.1"x"#, "for=[::1]", "for=\u{1}", "{}", "for=1.1.1.1;proto=",
    ])
    func elementThatDoesNotHoldSaysNothingAndIsTheLast(_ text: String) {
        #expect(forwarded("for=9.9.9.9, " + text) == [Element()])
        #expect(forwarded(text + ",for=8.8.8.8").first == Element(client: "8.8.8.8"))
    }

    @Test func addressesOfXForwardedForMayHavePortsAndBrackets() {
        #expect(
            clients("2001:db8::1, [2001:db8::2]:443,  1.2.3.4:80 ,[::1]") == [
                "::1", "1.2.3.4", "2001:db8::2", "2001:db8::1",
            ])
        #expect(clients("1.2.3.4, ") == [nil, "1.2.3.4"])
        #expect(clients("1.2.3.4:") == [nil])
        #expect(clients("unknown") == [nil])
    }

    /// U+0600 makes one character of itself and what follows it, U+0301 of itself and what stands before it.
    @Test func characterThatAClientLeftOpenSwallowsNoComma() {
        #expect(clients("1.1.1.1\u{600}, 198.51.100.17").first == "198.51.100.17")
        #expect(clients("1.1.1.1\u{600},198.51.100.17").first == "198.51.100.17")
        #expect(forwarded("for=1.1.1.1\u{600}, for=198.51.100.17").first == Element(client: "198.51.100.17"))
        let fields: Fields = [.xForwardedProto: "http\u{600},https", .xForwardedHost: "evil.test\u{600},docs.test"]
        #expect(ForwardedFields.xForwarded(fields).first == Element(scheme: "https", host: "docs.test"))
    }

    @Test func schemeAndHostAreTheNearestProxys() {
        let fields: Fields = [
            .xForwardedFor: "1.1.1.1, 2.2.2.2", .xForwardedProto: "http, HTTPS ",
            .xForwardedHost: "evil.test, Docs.test",
        ]
        #expect(
            ForwardedFields.xForwarded(fields).first == Element(client: "2.2.2.2", scheme: "https", host: "docs.test"))
        #expect(ForwardedFields.xForwarded([.xForwardedProto: "https"]) == [Element(scheme: "https")])
        #expect(ForwardedFields.xForwarded([.host: "a"]) == [])
        #expect(
            ForwardedFields.hasXForwarded([.xForwardedHost: "a"]) && !ForwardedFields.hasXForwarded([.forwarded: "a"]))
    }
}
