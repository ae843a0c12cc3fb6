import HTTP
import Origins
import Testing
import Transport

@Suite struct UpstreamFieldsTests {
    private var configuration = UpstreamConfiguration(
        endpoint: Endpoint(host: "127.0.0.1", port: 3000, isSecure: false), authority: "127.0.0.1:3000")

    private func sent(
        _ fields: [(FieldName, String)], identity: UpstreamIdentity? = nil, client: String? = "192.0.2.1"
    ) -> [String] {
        let request = UpstreamRequest(
            method: .get, target: "/", fields: Fields(fields), authority: "a.test", isSecure: true, client: client,
            identity: identity, isOwnCookie: { $0.hasPrefix("__Host-postern") })
        let out = UpstreamFields.request(request, configuration)
        return (0..<out.count).map { "\(out.name(at: $0)): \(out.value(at: $0))" }
    }

    @Test func whichTraceAnAppIsToldOf() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        func sent(_ told: UpstreamTrace) -> [String] {
            var request = UpstreamRequest(
                method: .get, target: "/", fields: [.traceparent: trace, FieldName("tracestate"): "a=b"],
                authority: "a.test", isSecure: true, client: nil, identity: nil, isOwnCookie: { _ in false })
            request.trace = told
            let out = UpstreamFields.request(request, configuration)
            return (0..<out.count).map { "\(out.name(at: $0)): \(out.value(at: $0))" }
                .filter { $0.hasPrefix("trace") }
        }
        #expect(sent(.asItCame) == ["traceparent: " + trace, "tracestate: a=b"])
        #expect(sent(.none) == [])
        #expect(sent(.begun("00-new")) == ["traceparent: 00-new"])
    }

    private let forwarded = ["x-forwarded-for: 192.0.2.1", "x-forwarded-proto: https", "x-forwarded-host: a.test"]

    @Test func anAppGetsWhatTheClientAsksAndWhereFrom() {
        #expect(
            sent([
                (.accept, "*/*"), (.host, "evil"), (.range, "bytes=0-1"), (.contentType, "a/b"), (.contentLength, "5"),
            ])
                == ["accept: */*", "range: bytes=0-1", "content-type: a/b"] + forwarded)
    }

    @Test(arguments: [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "http2-settings",
        "proxy-authorization", "authorization", "expect", "forwarded", "x-forwarded-for", "x-forwarded-anything",
        "x-forwarded", "x-real-ip", "x-postern-user", "x-postern-anything", "x.postern.user", "x-postern.user",
        "x-auth-request-email", "remote-user", "x-remote-user", "x-webauth-user", "x-original-url", "x-rewrite-url",
        "x!postern!user", "true-client-ip", "x-postern-assertion",
    ])
    func whatAClientMayNotSayDoesNotGoOn(_ name: String) {
        #expect(sent([(FieldName(name), "lie")]) == forwarded)
    }

    @Test(arguments: [
        "x-custom", "x-postern", "x-requested-with", "sec-fetch-site", "origin", "referer", "x-csrf-token",
    ])
    func whatSaysNothingOfThatDoes(_ name: String) {
        #expect(sent([(FieldName(name), "v")]) == ["\(name): v"] + forwarded)
    }

    @Test func fieldsThatConnectionNamesStayBehind() {
        #expect(
            sent([(.connection, "close, X-Hop ,x-Other"), (FieldName("x-hop"), "1"), (FieldName("x-other"), "2")])
                == forwarded)
    }

    @Test func cookiesGoOnWithoutOurs() {
        #expect(
            sent([
                (.cookie, "a=1; __Host-postern=secret;b=2=3;;c; __Host-postern.1=x"),
                (.cookie, "__Host-postern-browser=y; d=\"4\""),
            ])
                == ["cookie: a=1; b=2=3; d=\"4\""] + forwarded)
        #expect(sent([(.cookie, "__Host-postern=secret")]) == forwarded)
    }

    @Test func theIdentityIsSaidInTheConfiguredFieldsAlone() {
        let identity = UpstreamIdentity(user: "u1", email: "a@b.test", groups: ["x", "y z"], assertion: "h.c.s")
        #expect(
            sent([(FieldName("x-postern-user"), "root")], identity: identity) == forwarded + [
                "x-postern-user: u1", "x-postern-email: a@b.test", "x-postern-groups: x,y z",
                "x-postern-assertion: h.c.s",
            ])
        var other = self
        other.configuration.names.user = FieldName("Account")
        other.configuration.names.email = nil
        other.configuration.names.groups = nil
        other.configuration.names.assertion = nil
        #expect(
            other.sent([(FieldName("account"), "root"), (FieldName("x-postern-email"), "root")], identity: identity)
                == forwarded + ["account: u1"])
        #expect(other.sent([(FieldName("account"), "root")]) == forwarded)
    }

    @Test func noGroupsNameCanBeTakenForAnother() {
        let identity = UpstreamIdentity(
            user: "Åsa\r\nx-postern-groups: admins", email: nil, groups: ["a,admins", " admins", "50%", "é"],
            assertion: "")
        #expect(
            sent([], identity: identity).suffix(3) == [
                "x-postern-user: %C3%85sa%0D%0Ax-postern-groups: admins",
                "x-postern-groups: a%2Cadmins,%20admins,50%25,%C3%A9", "x-postern-assertion: ",
            ])
    }

    @Test func forwardedIsSaidWhereItIsAskedFor() {
        var other = self
        other.configuration.sendsForwarded = true
        #expect(
            other.sent([], client: "2001:db8::1").last == "forwarded: for=\"[2001:db8::1]\";host=\"a.test\";proto=https"
        )
        #expect(
            other.sent([], client: nil) == [
                "x-forwarded-proto: https", "x-forwarded-host: a.test",
                "forwarded: for=unknown;host=\"a.test\";proto=https",
            ])
    }

    @Test(arguments: [true, false])
    func whatComesBackIsTheAppsOwn(_ isShared: Bool) {
        let allow = (FieldName.accessControlAllowOrigin, "*")
        let back = UpstreamFields.response(
            Fields([
                (.contentType, "a/b"), (.contentLength, "5"), (.connection, "x-hop"), (FieldName("x-hop"), "1"),
                (.setCookie, "a=1"), (.setCookie, " __Host-postern = stolen; Path=/"), (FieldName("alt-svc"), "h3"),
                (FieldName("server"), "leaky"), (.upgrade, "h2c"), allow, (FieldName("x-powered-by"), "kept"),
            ]), isShared: isShared, isOwnCookie: { $0.hasPrefix("__Host-postern") })
        let expected = [(FieldName.contentType, "a/b"), (.setCookie, "a=1")] + (isShared ? [] : [allow])
        #expect(back == Fields(expected + [(FieldName("x-powered-by"), "kept")]))
    }

    @Test(
        arguments: [
            (["a", "b"], false, nil, "/a/b"), ([], true, nil, "/"), (["a"], true, "x=%2F&y", "/a/?x=%2F&y"),
            (["a b", "é", "%41", "a;b", "@:!$&'()*+,=~"], false, "", "/a%20b/%C3%A9/%2541/a%3Bb/@:!$&'()*+,=~?"),
            (["<\"#?>"], false, nil, "/%3C%22%23%3F%3E"),
        ] as [([String], Bool, String?, String)])
    func aPathIsEncodedOnce(_ segments: [String], _ isDirectory: Bool, _ query: String?, _ text: String) throws {
        #expect(UpstreamTarget.text(segments, isDirectory: isDirectory, query: query) == text)
        #expect(try RequestTarget(text).segments == segments)
    }
}
