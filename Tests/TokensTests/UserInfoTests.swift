import Bytes
import Testing

@testable import Tokens

@Suite struct UserInfoTests {
    private func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

    private func identity(_ claims: String) throws -> Identity {
        Identity(
            claims: try json(claims), issuer: "https://id.test", subject: "s", expiresAt: 10, issuedAt: 5,
            groupClaims: TokenPolicy.defaultGroupClaims)
    }

    private func adding(_ userInfo: String, to claims: String) throws -> Identity {
        try identity(claims).adding(
            json(userInfo), policy: TokenPolicy(issuer: "https://id.test", audiences: ["postern"]))
    }

    @Test func whatTheTokenLacksIsAdded() throws {
        let whole = try adding(
            #"{"sub":"s","name":"Other","groups":["g"],"department":"d"}"#, to: #"{"sub":"s","name":"Ada"}"#)
        #expect(whole.name == "Ada" && whole.groups == ["g"] && whole.claim("department") == .string("d"))
        #expect(whole.subject == "s" && whole.issuer == "https://id.test" && whole.expiresAt == 10)
    }

    @Test func whatIsSaidOfTheTokenIsTheTokensToSay() throws {
        let whole = try adding(
            #"{"sub":"s","acr":"2","amr":["mfa"],"auth_time":1,"sid":"x","azp":"y","exp":99}"#, to: #"{"sub":"s"}"#)
        #expect(whole.claims == (try json(#"{"sub":"s"}"#)))
        #expect(whole.sid == nil)
    }

    @Test(arguments: [
        // token, userinfo, the address, and whether it is verified
        (#"{}"#, #""email":"a@x.org","email_verified":true"#, "a@x.org", true),
        (#"{}"#, #""email":"a@x.org""#, "a@x.org", nil),
        (#"{"email":"a@x.org"}"#, #""email":"a@x.org","email_verified":true"#, "a@x.org", true),
        (#"{"email":"a@x.org"}"#, #""email":"b@x.org","email_verified":true"#, "a@x.org", nil),
        (#"{"email":"a@x.org"}"#, #""email_verified":true"#, "a@x.org", nil),
        (#"{"email":"a@x.org","email_verified":false}"#, #""email":"a@x.org","email_verified":true"#, "a@x.org", false),
        (#"{"email_verified":true}"#, #""email":"b@x.org""#, "b@x.org", nil),
        (#"{"email_verified":true}"#, #""email":"b@x.org","email_verified":false"#, "b@x.org", false),
    ])
    func anAddressIsVerifiedByWhoeverNamesIt(token: String, userInfo: String, email: String, verified: Bool?) throws {
        let whole = try adding("{\"sub\":\"s\",\(userInfo)}", to: token)
        #expect(whole.email == email && whole.emailVerified == verified)
    }

    @Test(arguments: [
        (#"{}"#, UserInfoError.malformed), (#"{"sub":1}"#, .malformed), (#"{"sub":"S"}"#, .subject),
        (#"{"sub":"s "}"#, .subject), (#"{"sub":""}"#, .subject),
    ])
    func itMustSpeakOfTheSamePerson(userInfo: String, expected: UserInfoError) throws {
        #expect(throws: expected) { try adding(userInfo, to: #"{"sub":"s"}"#) }
    }

    @Test func whatIsNoUserInfoIsRefused() throws {
        let keys = try KeySet.parse(json: Array("{\"keys\":[]}".utf8))
        let policy = TokenPolicy(issuer: "https://id.test", audiences: ["postern"])
        func failure(_ status: Int, _ type: String?, _ body: String) -> UserInfoError? {
            do {
                _ = try UserInfo.parse(
                    status: status, contentType: type, body: Array(body.utf8), keys: keys, policy: policy)
                return nil
            } catch { return error }
        }
        #expect(failure(200, "application/json; charset=utf-8", #"{"sub":"s"}"#) == nil)
        #expect(failure(200, nil, #"{"sub":"s"}"#) == nil)
        #expect(failure(401, nil, #"{"sub":"s"}"#) == .status(401))
        #expect(failure(302, nil, "") == .status(302))
        for body in ["", "[]", "<html>", #"{"sub":"s","sub":"t"}"#] { #expect(failure(200, nil, body) == .malformed) }
        #expect(failure(200, "application/jwt", #"{"sub":"s"}"#) == .token(.notCompact))
        #expect(failure(200, "Application/JWT", "a.b.c") == .token(.encoding(.header)))
    }
}

@Suite struct PushedAuthorizationTests {
    private func result(_ status: Int, _ body: String) -> Result<String, TokenResponseError> {
        do throws(TokenResponseError) {
            return .success(try PushedAuthorization.parse(status: status, body: Array(body.utf8)))
        } catch { return .failure(error) }
    }

    @Test func theAddressOfTheRequestIsRead() {
        #expect(result(201, #"{"request_uri":"urn:x:1","expires_in":60}"#) == .success("urn:x:1"))
        let longest = String(repeating: "u", count: PushedAuthorization.longestURI)
        #expect(result(201, #"{"request_uri":"\#(longest)"}"#) == .success(longest))
        #expect(result(201, #"{"request_uri":"\#(longest)u"}"#) == .failure(.malformed("request_uri")))
    }

    @Test(arguments: ["{}", #"{"request_uri":1}"#, #"{"request_uri":""}"#, #"{"request_uri":"a b"}"#])
    func anAnswerWithoutOneIsRefused(body: String) {
        #expect(result(201, body) == .failure(.malformed("request_uri")))
    }

    @Test func refusalsAreToldFromTroubles() {
        #expect(
            result(400, #"{"error":"invalid_request"}"#)
                == .failure(.refused(TokenRefusal(status: 400, code: "invalid_request", description: nil))))
        #expect(result(503, "") == .failure(.unavailable(status: 503)))
        #expect(result(302, "") == .failure(.malformed("status")))
        #expect(result(201, "<html>") == .failure(.malformed("json")))
    }
}
