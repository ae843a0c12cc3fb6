import Cryptography
import Testing
import Tokens

@Suite struct SignOutRequestTests {
    private func url(_ endpoint: String, _ form: SignOutRequest.Form, hint: String = "a.b.c") throws -> String {
        SignOutRequest(
            endpoint: try #require(ProviderURL(endpoint)), form: form, clientID: "my client",
            idTokenHint: SecretText(hint), returnURL: "https://docs.example.com/.auth/signed-out"
        ).url
    }

    private let rest =
        "client_id=my%20client&post_logout_redirect_uri=https%3A%2F%2Fdocs.example.com%2F.auth%2Fsigned-out"

    @Test func theProviderIsToldWhoItIsAndWhereToGoBackTo() throws {
        #expect(try url("https://id.test/end", .openID) == "https://id.test/end?id_token_hint=a.b.c&" + rest)
        #expect(try url("https://id.test/end?x=y", .openID) == "https://id.test/end?x=y&id_token_hint=a.b.c&" + rest)
    }

    @Test func cognitoHasNamesOfItsOwn() throws {
        #expect(
            try url("https://auth.test/logout", .cognito)
                == "https://auth.test/logout?client_id=my%20client&logout_uri="
                + "https%3A%2F%2Fdocs.example.com%2F.auth%2Fsigned-out")
    }

    @Test func auth0HasNamesOfItsOwn() throws {
        #expect(
            try url("https://a.test/v2/logout", .auth0)
                == "https://a.test/v2/logout?client_id=my%20client&returnTo="
                + "https%3A%2F%2Fdocs.example.com%2F.auth%2Fsigned-out")
    }

    @Test func aHintThatIsTooLongIsLeftOut() throws {
        let room = SignOutRequest.longestURL - "https://id.test/end?id_token_hint=&".utf8.count - rest.utf8.count
        let longest = try url("https://id.test/end", .openID, hint: String(repeating: "h", count: room))
        #expect(longest.utf8.count == SignOutRequest.longestURL)
        let longer = try url("https://id.test/end", .openID, hint: String(repeating: "h", count: room + 1))
        #expect(longer == "https://id.test/end?" + rest)
    }

    @Test func aRefreshTokenIsGivenBack() {
        let request = TokenRequest.revocation(
            "r&1", credentials: ClientCredentials(clientID: "c", authentication: .none))
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(body == "token=r%261&token_type_hint=refresh_token&client_id=c")
    }
}
