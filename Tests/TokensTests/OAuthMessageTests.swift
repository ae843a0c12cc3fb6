import Bytes
import Cryptography
import HTTP
import Testing
import Tokens

@Suite struct PKCETests {
    /// The example of RFC 7636 appendix B.
    @Test func theStandardsExampleHolds() {
        let bytes: [UInt8] = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240,
            91, 88, 5, 88, 83, 132, 141, 121,
        ]
        let verifier = PKCE.verifier(bytes)
        #expect(verifier == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(PKCE.challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func aVerifierHas43To128UnreservedCharacters() {
        for (count, isVerifier) in [(42, false), (43, true), (128, true), (129, false)] {
            #expect(PKCE.isVerifier(String(repeating: "~", count: count)) == isVerifier)
        }
        #expect(!PKCE.isVerifier(String(repeating: "+", count: 43)))
    }
}

@Suite struct AuthorizationRequestTests {
    private func url(_ endpoint: String, scopes: [String] = ["openid", "email"], more: [(String, String)] = []) throws
        -> String
    {
        AuthorizationRequest(
            endpoint: try #require(ProviderURL(endpoint)), clientID: "a b",
            redirectURI: "https://docs.test/.auth/callback",
            scopes: scopes, state: "s&t", nonce: "n", codeChallenge: "c", parameters: more
        ).url
    }

    @Test func everyValueIsEncodedOnce() throws {
        #expect(
            try url("https://id.test/authorize", more: [("prompt", "login consent")])
                == "https://id.test/authorize?response_type=code&client_id=a%20b"
                + "&redirect_uri=https%3A%2F%2Fdocs.test%2F.auth%2Fcallback&scope=openid%20email&state=s%26t&nonce=n"
                + "&code_challenge=c&code_challenge_method=S256&prompt=login%20consent")
    }

    @Test func anEndpointsQueryStays() throws {
        #expect(
            try url("https://id.test/a?tenant=x%20y").hasPrefix("https://id.test/a?tenant=x%20y&response_type=code&"))
        #expect(try url("https://id.test/a?").hasPrefix("https://id.test/a?response_type=code&"))
        #expect(try url("https://id.test/a?x&").hasPrefix("https://id.test/a?x&response_type=code&"))
        #expect(try url("https://id.test").hasPrefix("https://id.test?response_type=code&"))
    }

    @Test func openidIsAlwaysAskedFor() throws {
        #expect(try url("https://id.test/a", scopes: ["email"]).contains("&scope=openid%20email&"))
        #expect(try url("https://id.test/a", scopes: []).contains("&scope=openid&"))
    }
}

@Suite struct TokenRequestTests {
    private func code(_ authentication: ClientAuthentication, id: String = "postern") -> TokenRequest {
        TokenRequest.code(
            "c&d\r\n", redirectURI: "https://docs.test/cb", verifier: "v",
            credentials: ClientCredentials(clientID: id, authentication: authentication))
    }

    private let grant =
        "grant_type=authorization_code&code=c%26d%0D%0A&redirect_uri=https%3A%2F%2Fdocs.test%2Fcb&code_verifier=v"

    @Test func aPublicClientNamesItself() {
        let request = code(.none)
        #expect(String(decoding: request.body, as: UTF8.self) == grant + "&client_id=postern")
        #expect(request.fields[.contentType] == "application/x-www-form-urlencoded")
        #expect(request.fields[.accept] == "application/json" && !request.fields.contains(.authorization))
    }

    @Test func aSecretByPostStandsInTheForm() {
        let request = code(.post(SecretText("p%+ä&=")))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == grant + "&client_id=postern&client_secret=p%25%2B%C3%A4%26%3D")
        #expect(!request.fields.contains(.authorization))
    }

    @Test func aSecretByBasicIsFormEncodedBeforeBase64() {
        let request = code(.basic(SecretText("s:%+ /ä")), id: "a:b")
        #expect(String(decoding: request.body, as: UTF8.self) == grant)
        // base64("a%3Ab:s%3A%25%2B%20%2F%C3%A4")
        #expect(request.fields[.authorization] == "Basic YSUzQWI6cyUzQSUyNSUyQiUyMCUyRiVDMyVBNA==")
    }

    @Test func basicHasTheOrdinaryAlphabetAndPadding() {
        for (secret, expected) in [("~~~", "cDp+fn4="), ("~~~?", "cDp+fn4lM0Y="), ("a", "cDph"), ("ab", "cDphYg==")] {
            #expect(code(.basic(SecretText(secret)), id: "p").fields[.authorization] == "Basic " + expected)
        }
    }

    @Test func anAssertionStandsInTheForm() {
        let request = code(.assertion(SecretText("a.b.c")))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == grant + "&client_id=postern"
                + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                + "&client_assertion=a.b.c")
        #expect(!request.fields.contains(.authorization))
    }

    @Test func aPushedRequestNamesTheClientOnce() throws {
        let authorization = AuthorizationRequest(
            endpoint: try #require(ProviderURL("https://id.test/authorize")), clientID: "postern",
            redirectURI: "https://docs.test/cb", scopes: ["openid"], state: "s", nonce: "n", codeChallenge: "c",
            parameters: [("ui_locales", "de")])
        for authentication in [ClientAuthentication.none, .post(SecretText("x")), .basic(SecretText("x"))] {
            let request = TokenRequest.pushed(
                authorization, credentials: ClientCredentials(clientID: "postern", authentication: authentication))
            let body = String(decoding: request.body, as: UTF8.self)
            #expect(
                body.hasPrefix(
                    "response_type=code&client_id=postern&redirect_uri=https%3A%2F%2Fdocs.test%2Fcb&scope=openid&state=s"
                        + "&nonce=n&code_challenge=c&code_challenge_method=S256&ui_locales=de"))
            #expect(body.components(separatedBy: "client_id=").count == 2)
        }
        #expect(
            authorization.url(requestURI: "urn:x:1")
                == "https://id.test/authorize?client_id=postern&request_uri=urn%3Ax%3A1")
    }

    @Test func aRefreshShowsItsToken() {
        let request = TokenRequest.refresh(
            "r+1", credentials: ClientCredentials(clientID: "postern", authentication: .none))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=refresh_token&refresh_token=r%2B1&client_id=postern")
    }
}

@Suite struct TokenResponseTests {
    private func parse(_ body: String, status: Int = 200, requiresIDToken: Bool = true) -> Result<
        TokenResponse, TokenResponseError
    > {
        do throws(TokenResponseError) {
            return .success(
                try TokenResponse.parse(status: status, body: Array(body.utf8), requiresIDToken: requiresIDToken))
        } catch {
            return .failure(error)
        }
    }

    private func failure(_ body: String, status: Int = 200) -> TokenResponseError? {
        if case .failure(let error) = parse(body, status: status) { error } else { nil }
    }

    @Test func allThatIsGivenIsRead() throws {
        let response = try parse(
            #"{"id_token":"i","access_token":"a","refresh_token":"r","token_type":"bearer","expires_in":300,"scope":"openid"}"#
        ).get()
        #expect(response.idToken?.reveal() == "i" && response.accessToken?.reveal() == "a")
        #expect(response.refreshToken?.reveal() == "r" && response.expiresIn == 300)
        #expect(!"\(response)".contains("\"i\""))
    }

    @Test func aRefreshNeedNotBringAnIDToken() throws {
        let body = #"{"access_token":"a","token_type":"Bearer"}"#
        #expect(failure(body) == .malformed("id_token"))
        #expect(try parse(body, requiresIDToken: false).get().idToken == nil)
    }

    @Test(arguments: [
        ("", "json"), ("<html>", "json"), ("[]", "object"), ("1", "object"), ("{}", "token_type"),
        (#"{"token_type":"mac","id_token":"i"}"#, "token_type"), (#"{"token_type":1,"id_token":"i"}"#, "token_type"),
        (#"{"token_type":"Bearer"}"#, "id_token"), (#"{"token_type":"Bearer","id_token":1}"#, "id_token"),
        (#"{"token_type":"Bearer","id_token":""}"#, "id_token"),
        (#"{"token_type":"Bearer","id_token":null}"#, "id_token"),
        (#"{"token_type":"Bearer","id_token":"i","id_token":"i"}"#, "json"),
        (#"{"token_type":"Bearer","id_token":"i","access_token":[]}"#, "access_token"),
        (#"{"token_type":"Bearer","id_token":"i","refresh_token":{}}"#, "refresh_token"),
        (#"{"token_type":"Bearer","id_token":"i","expires_in":-1}"#, "expires_in"),
        (#"{"token_type":"Bearer","id_token":"i","expires_in":9223372036854775808}"#, "expires_in"),
        (#"{"token_type":"Bearer","id_token":"i","expires_in":"soon"}"#, "expires_in"),
        (#"{"token_type":"Bearer","id_token":"i","expires_in":1e999}"#, "json"),
        ("\u{FEFF}{}", "json"), (#"{"token_type":"Bearer","id_token":"\ud800"}"#, "json"), (#"{}x"#, "json"),
    ])
    func whatIsNoTokenResponseIsRefused(body: String, member: String) {
        #expect(failure(body) == .malformed(member))
    }

    @Test func theLifetimeMayBeDigitsAsText() throws {
        #expect(try parse(#"{"token_type":"Bearer","id_token":"i","expires_in":"3600"}"#).get().expiresIn == 3600)
    }

    @Test func refusalsKeepTheProvidersWords() {
        #expect(
            failure(#"{"error":"invalid_grant","error_description":"used"}"#, status: 400)
                == .refused(TokenRefusal(status: 400, code: "invalid_grant", description: "used")))
        // Glewlwyd's ways
        #expect(
            failure(#"{"error":"invalid_code"}"#, status: 403)
                == .refused(TokenRefusal(status: 403, code: "invalid_code", description: nil)))
        #expect(failure("", status: 400) == .refused(TokenRefusal(status: 400, code: nil, description: nil)))
        #expect(
            failure("<html>no</html>", status: 404) == .refused(TokenRefusal(status: 404, code: nil, description: nil)))
        #expect(
            failure(#"{"error":"bad_verification_code"}"#)
                == .refused(TokenRefusal(status: 200, code: "bad_verification_code", description: nil)))
        #expect(
            failure(#"{"error":["x"]}"#, status: 400)
                == .refused(TokenRefusal(status: 400, code: nil, description: nil)))
    }

    @Test func itIsToldWhetherTheClientIsToBlame() {
        func blames(_ status: Int, _ code: String?) -> Bool {
            TokenRefusal(status: status, code: code, description: nil).blamesClient
        }
        #expect(blames(401, "invalid_client") && blames(400, "unauthorized_client") && blames(401, nil))
        #expect(!blames(400, "invalid_grant") && !blames(403, "invalid_code") && !blames(400, nil))
    }

    @Test func whatMayPassIsToldFromWhatMayNot() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            #expect(failure(#"{"error":"server_error"}"#, status: status) == .unavailable(status: status))
        }
        for status in [201, 204, 301, 302, 307] { #expect(failure("", status: status) == .malformed("status")) }
    }

    @Test func aProvidersWordsAreCutAndCleaned() throws {
        let long = String(repeating: "x", count: 10_000)
        guard case .refused(let refusal) = failure(#"{"error":"a\r\nb","error_description":"\#(long)"}"#, status: 400)
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == "a  b" && refusal.description?.count == 300)
    }
}

@Suite struct CallbackParametersTests {
    private func error(_ query: String?) -> CallbackError? {
        do throws(CallbackError) {
            _ = try CallbackParameters.parse(query)
            return nil
        } catch {
            return error
        }
    }

    @Test func aCodeAndItsStateAreRead() throws {
        let parameters = try CallbackParameters.parse("code=a%2Bb+c&state=s&iss=https%3A%2F%2Fid.test&session_state=x")
        #expect(
            parameters.answer == .code("a+b c") && parameters.state == "s" && parameters.issuer == "https://id.test")
    }

    @Test func anErrorIsReadAndCleaned() throws {
        let long = String(repeating: "y", count: 10_000)
        let parameters = try CallbackParameters.parse("error=access%0D%0Adenied&error_description=\(long)&state=s")
        #expect(parameters.answer == .error("access  denied", description: String(repeating: "y", count: 300)))
        #expect(parameters.issuer == nil)
    }

    @Test(
        arguments: [
            (nil, .missing("state")), ("", .missing("state")), ("code=a", .missing("state")),
            ("state=s", .missing("code")),
            ("code=&state=s", .missing("code")), ("code=a&state=", .missing("state")),
            ("error=&state=s", .missing("error")),
            ("error=x", .missing("state")), ("x=y", .missing("state")), ("code=a&code=a&state=s", .duplicate("code")),
            ("code=a&state=s&state=t", .duplicate("state")), ("error=a&error=b&state=s", .duplicate("error")),
            ("code=a&state=s&iss=x&iss=x", .duplicate("iss")), ("code=a&state=s&c%6Fde=b", .duplicate("code")),
            ("code=a&error=b&state=s", .contradiction), ("code=%&state=s", .encoding), ("code=%zz&state=s", .encoding),
            ("code=%FF&state=s", .encoding),
        ] as [(String?, CallbackError)])
    func aBadCallbackIsRefusedByItsReason(query: String?, expected: CallbackError) {
        #expect(error(query) == expected)
    }

    @Test func codeAndStateHaveTheirLimits() {
        func query(code: Int, state: Int) -> String {
            "code=\(String(repeating: "c", count: code))&state=\(String(repeating: "s", count: state))"
        }
        #expect(error(query(code: 4096, state: 6144)) == nil)
        #expect(error(query(code: 4097, state: 1)) == .tooLong("code"))
        #expect(error(query(code: 1, state: 6145)) == .tooLong("state"))
    }

    @Test func anIssuerMustBeTheIssuers() throws {
        func check(_ query: String, announced: Bool) -> CallbackError? {
            do throws(CallbackError) {
                try CallbackParameters.parse(query).checkIssuer("https://id.test", isAnnounced: announced)
                return nil
            } catch {
                return error
            }
        }
        for announced in [true, false] {
            #expect(check("code=a&state=s&iss=https://id.test", announced: announced) == nil)
            #expect(check("code=a&state=s&iss=https://id.test/", announced: announced) == .issuer)
            #expect(check("code=a&state=s&iss=", announced: announced) == .issuer)
            #expect(check("error=a&state=s&iss=https://evil.test", announced: announced) == .issuer)
            #expect(check("error=login_required&state=s", announced: announced) == nil)
        }
        #expect(check("code=a&state=s", announced: true) == .missing("iss"))
        #expect(check("code=a&state=s", announced: false) == nil)
    }
}
