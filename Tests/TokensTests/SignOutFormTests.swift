import Testing
import Tokens

@Suite struct SignOutFormTests {
    private func metadata(_ more: String = "") throws -> ProviderMetadata {
        let json = """
            {"issuer":"https://id.test","authorization_endpoint":"https://docs.auth.test:8443/oauth2/authorize?x=y",
            "token_endpoint":"https://id.test/token","jwks_uri":"https://id.test/keys"\(more)}
            """
        return try ProviderMetadata.parse(Array(json.utf8), expectedIssuer: "https://id.test")
    }

    @Test func theStandardOneIsWhatTheMetadataNames() throws {
        #expect(SignOutRequest.Form.openID.endpoint(try metadata()) == nil)
        let named = try metadata(#","end_session_endpoint":"https://id.test/out""#)
        #expect(SignOutRequest.Form.openID.endpoint(named)?.text == "https://id.test/out")
    }

    @Test func cognitosIsBesideTheAuthorizationEndpoint() throws {
        #expect(SignOutRequest.Form.cognito.endpoint(try metadata())?.text == "https://docs.auth.test:8443/logout")
    }

    @Test func auth0sIsTheOldOne() throws {
        #expect(SignOutRequest.Form.auth0.endpoint(try metadata())?.text == "https://docs.auth.test:8443/v2/logout")
    }
}
