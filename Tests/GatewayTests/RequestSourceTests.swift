import HTTP
import Settings
import Testing

@testable import Gateway

struct RequestSourceTests {
    static let proxies = [
        AddressRange.ip(IPAddress("10.0.0.0")!, prefixLength: 8),
        AddressRange.ip(IPAddress("fd00::")!, prefixLength: 8),
    ]

    func source(_ fields: Fields, peer: String = "10.0.0.1", isSecure: Bool = false) -> RequestSource {
        RequestSource(peer: IPAddress(peer)!.bytes, isSecure: isSecure, fields: fields, trusted: Self.proxies)
    }

    @Test func whoIsNoTrustedProxyIsNotBelieved() {
        let fields: Fields = [
            .xForwardedFor: "192.0.2.1", .xForwardedProto: "https", .xForwardedHost: "a.test",
            .forwarded: "for=192.0.2.1;proto=https;host=a.test",
        ]
        let source = source(fields, peer: "203.0.113.1")
        #expect(source.client == nil && source.host == nil && !source.isSecure)
        let nobody = RequestSource(peer: [10, 0, 0, 1], isSecure: true, fields: fields, trusted: [])
        #expect(nobody.client == nil && nobody.isSecure)
    }

    @Test func unixSocketsPeerIsBelievedWhereTheConfigNamesIt() {
        let fields: Fields = [.xForwardedFor: "192.0.2.1", .xForwardedProto: "https"]
        func source(_ trusted: [AddressRange]) -> RequestSource {
            RequestSource(peer: [], isSecure: false, fields: fields, trusted: trusted)
        }
        #expect(source([.unix]).client == "192.0.2.1" && source([.unix]).isSecure)
        #expect(source(Self.proxies).client == nil, "addresses do not name it")
        let address = RequestSource(peer: [10, 0, 0, 1], isSecure: false, fields: fields, trusted: [.unix])
        #expect(address.client == nil, "nor does it name addresses")
    }

    @Test func theClientIsTheRightmostAddressThatIsNoProxys() {
        #expect(source([.xForwardedFor: "192.0.2.1"]).client == "192.0.2.1")
        #expect(source([.xForwardedFor: "6.6.6.6, 192.0.2.1, 10.1.1.1, fd00::1"]).client == "192.0.2.1")
        #expect(source([.xForwardedFor: "10.9.9.9, 10.1.1.1"]).client == "10.9.9.9", "proxies all the way")
        #expect(source([.forwarded: #"for=6.6.6.6, for="[2001:DB8::1]:99", for=10.0.0.2"#]).client == "2001:db8::1")
        #expect(source([.xForwardedFor: "::ffff:192.0.2.1"]).client != nil)
    }

    @Test func whatDoesNotHoldEndsTheSearch() {
        #expect(source([.xForwardedFor: "192.0.2.1, nonsense"]).client == nil)
        #expect(source([.xForwardedFor: "nonsense, 192.0.2.1"]).client == "192.0.2.1")
        #expect(source([.xForwardedFor: "192.0.2.1, unknown, 10.0.0.2"]).client == "10.0.0.2")
        #expect(source([.xForwardedFor: "010.0.0.2"]).client == nil)
        #expect(source([.xForwardedFor: "1.2.3.4\" , <script>"]).client == nil)
        #expect(source([.forwarded: "for=192.0.2.1;;x"]).client == nil)
        #expect(
            source([.forwarded: "for=_hidden;proto=https"]) == RequestSource(client: nil, isSecure: true, host: nil))
    }

    @Test func theSchemeIsTheNearestProxys() {
        #expect(source([.xForwardedProto: "https"]).isSecure)
        #expect(!source([.xForwardedProto: "https, http"], isSecure: true).isSecure)
        #expect(source([.xForwardedProto: "http, HTTPS"]).isSecure)
        #expect(!source([.xForwardedProto: "https://"]).isSecure)
        #expect(source([.forwarded: "proto=http, proto=https"]).isSecure)
        #expect(source([.xForwardedProto: "wss"], isSecure: true).isSecure, "the connection's own")
    }

    @Test func forwardedDoesNotCountBesideXForwarded() {
        let fields: Fields = [.forwarded: "for=6.6.6.6;proto=https;host=evil.test", .xForwardedFor: "192.0.2.1"]
        #expect(source(fields) == RequestSource(client: "192.0.2.1", isSecure: false, host: nil))
    }
}

extension RequestSource {
    fileprivate init(client: String?, isSecure: Bool, host: String?) {
        self.init(peer: [], isSecure: isSecure, fields: Fields(), trusted: [])
        self.client = client
        self.host = host
    }
}
