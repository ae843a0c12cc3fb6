import Testing
import Tokens

@Suite struct ProviderURLTests {
    @Test func aURLIsTakenApart() throws {
        let url = try #require(ProviderURL("https://ID.example.com:8443/a/b?c=d"))
        #expect(url.isSecure && url.host == "id.example.com" && url.port == 8443 && url.target == "/a/b?c=d")
        #expect(url.text == "https://ID.example.com:8443/a/b?c=d")
        let bare = try #require(ProviderURL("HTTPS://id.example.com"))
        #expect(bare.port == 443 && bare.target == "/")
        #expect(ProviderURL("https://id.example.com?x=1")?.target == "/?x=1")
        let six = try #require(ProviderURL("http://[::1]:8080/"))
        #expect(six.host == "::1" && six.port == 8080 && !six.isSecure)
    }

    @Test(arguments: ["localhost", "LOCALHOST:5000", "a.localhost", "127.0.0.1", "127.255.0.3:1", "[::1]"])
    func plainHTTPIsForThisMachine(authority: String) {
        #expect(ProviderURL("http://\(authority)/x") != nil)
    }

    @Test(arguments: [
        "", "https", "https:", "https:/", "https://", "https:///x", "//id.example.com", "/x", "id.example.com",
        "ftp://id.example.com/", "javascript://id.example.com/", "http://id.example.com/", "http://128.0.0.1/",
        "http://127.0.0.1.evil.test/", "http://127.0.0/", "http://localhost.evil.test/", "http://evillocalhost/",
        "https://user@id.example.com/", "https://u:p@id.example.com/", "https://id.example.com/#f",
        "https://id.example.com/a b",
        "https://id.example.com\\@evil.test/", "https://id.example.com/\r\nx: y", "https://id.example.com/ü",
        "https://[::1/",
        "https://id.example.com:0/", "https://id.example.com:65536/", "https://id.example.com:x/",
        "https://%69d.example.com/",
        "https://id..example.com/", "https://id.example.com/\u{0}",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(ProviderURL(text) == nil)
    }

    @Test func aURLHas2048BytesAtMost() {
        let start = "https://id.example.com/"
        #expect(ProviderURL(start + String(repeating: "x", count: 2048 - start.utf8.count)) != nil)
        #expect(ProviderURL(start + String(repeating: "x", count: 2049 - start.utf8.count)) == nil)
    }
}

@Suite struct ProviderMetadataTests {
    private let issuer = "https://id.example.com"
    private let members = [
        "issuer": #""https://id.example.com""#,
        "authorization_endpoint": #""https://id.example.com/authorize?tenant=1""#,
        "token_endpoint": #""https://id.example.com/token""#,
        "jwks_uri": #""https://id.example.com/jwks""#,
    ]

    private func parse(
        _ changes: [String: String] = [:], without dropped: String? = nil
    ) throws(MetadataError) -> ProviderMetadata {
        let members = members.merging(changes) { $1 }.filter { $0.key != dropped }
        let text = "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        return try ProviderMetadata.parse(Array(text.utf8), expectedIssuer: issuer)
    }

    @Test func theLeastThatAProviderMaySayIsEnough() throws {
        let metadata = try parse()
        #expect(metadata.authorizationEndpoint.target == "/authorize?tenant=1")
        #expect(metadata.tokenEndpointAuthMethods == ["client_secret_basic"])
        #expect(metadata.codeChallengeMethods == nil && metadata.endSessionEndpoint == nil)
        #expect(metadata.signingAlgorithms == ["RS256"] && !metadata.sendsIssuerInResponse)
    }

    @Test func whatElseItSaysIsRead() throws {
        let metadata = try parse([
            "end_session_endpoint": #""https://id.example.com/end""#, "userinfo_endpoint": "null",
            "token_endpoint_auth_methods_supported": #"["none","client_secret_post"]"#,
            "code_challenge_methods_supported": #"["plain","S256"]"#,
            "authorization_response_iss_parameter_supported": "true", "response_types_supported": #"["code","token"]"#,
            "something_new": "[{}]",
        ])
        #expect(metadata.endSessionEndpoint?.target == "/end" && metadata.userInfoEndpoint == nil)
        #expect(metadata.tokenEndpointAuthMethods == ["none", "client_secret_post"])
        #expect(metadata.codeChallengeMethods == ["plain", "S256"] && metadata.sendsIssuerInResponse)
    }

    @Test(arguments: ["https://id.example.com/", "https://ID.example.com", "https://evil.test", ""])
    func anotherIssuerIsRefused(found: String) {
        #expect(throws: MetadataError.issuer(found: found)) { try parse(["issuer": "\"\(found)\""]) }
    }

    @Test func whatIsMissingIsNamed() {
        for name in members.keys.sorted() {
            #expect(throws: MetadataError.missing(name)) { try parse(without: name) }
        }
    }

    @Test func anEndpointThatIsNoSecureURLIsNamed() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"] {
            for value in [#""http://id.example.com/x""#, #""/x""#, #""https://id.example.com/x#y""#, "1", #""""#] {
                #expect(throws: MetadataError.url(name)) { try parse([name: value]) }
            }
        }
    }

    @Test func aProviderWithoutTheCodeFlowIsRefused() {
        #expect(throws: MetadataError.unsupported("response_types_supported")) {
            try parse(["response_types_supported": #"["id_token"]"#])
        }
        #expect(throws: MetadataError.malformed("response_types_supported")) {
            try parse(["response_types_supported": #""code""#])
        }
    }

    @Test func whatIsNoDocumentIsRefused() {
        for text in ["", "[]", "<html>", "{\"issuer\":1,\"issuer\":2}"] {
            #expect(throws: MetadataError.self) {
                try ProviderMetadata.parse(Array(text.utf8), expectedIssuer: issuer)
            }
        }
    }

    @Test func theDocumentLiesBelowTheIssuer() {
        #expect(
            ProviderMetadata.url(issuer: "https://id.example.com/realms/a/")?.text
                == "https://id.example.com/realms/a/.well-known/openid-configuration")
        #expect(
            ProviderMetadata.url(issuer: "http://localhost:5000")?.text
                == "http://localhost:5000/.well-known/openid-configuration")
        #expect(ProviderMetadata.url(issuer: "http://id.example.com") == nil)
        #expect(ProviderMetadata.url(issuer: "https://id.example.com?x") == nil)
    }
}
