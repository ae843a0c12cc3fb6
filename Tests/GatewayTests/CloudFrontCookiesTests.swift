import Cryptography
import HTTP
import Settings
import Testing

@testable import Gateway

@Suite struct CloudFrontCookiesTests {
    private static let prefix = "CognitoIdentityServiceProvider.client."

    private func cookies(_ mode: CloudFrontSettings.Mode = .spa) -> CloudFrontCookies {
        CloudFrontCookies(mode: mode, clientID: "client", refreshPath: "/refreshauth", isSecure: true)
    }

    /// The fields of a request; names begin with Amplify's prefix where they begin with a dot.
    private func fields(_ cookies: String...) -> Fields {
        var fields = Fields()
        let names = cookies.map { $0.hasPrefix(".") ? Self.prefix + $0.dropFirst() : $0 }
        fields.append(.cookie, names.joined(separator: "; "))
        return fields
    }

    private func tokens(_ fields: Fields, _ mode: CloudFrontSettings.Mode = .spa) -> String? {
        cookies(mode).tokens(in: fields).map { $0.idToken + ($0.refreshToken.map { "+" + $0.reveal() } ?? "") }
    }

    @Test func theOnlyPersonNeedsNotBeNamed() {
        #expect(tokens(fields(".ada.idToken=1", ".ada.refreshToken=2")) == "1+2")
        #expect(tokens(fields(".ada.idToken=1", ".ada.refreshToken=")) == "1")
        #expect(tokens(fields(".a.b.idToken=1", ".LastAuthUser=a.b")) == "1")
        #expect(tokens(fields(".ada.refreshToken=2")) == nil)
        #expect(tokens(fields("CognitoIdentityServiceProvider.other.ada.idToken=1")) == nil)
    }

    @Test func ofSeveralPeopleOneHasToBeNamed() {
        #expect(tokens(fields(".ada.idToken=1", ".bob.idToken=2")) == nil)
        #expect(tokens(fields(".ada.idToken=1", ".bob.idToken=2", ".LastAuthUser=bob")) == "2")
        #expect(tokens(fields(".ada.idToken=1", ".LastAuthUser=bob")) == nil)
        #expect(tokens(fields(".ada.idToken=1", ".LastAuthUser=ada", ".LastAuthUser=ada")) == nil)
    }

    @Test func namesAreReadHoweverTheyAreSpelled() {
        #expect(tokens(fields(".a%40b.idToken=1", ".LastAuthUser=a@b")) == "1")
        #expect(tokens(fields(".a@b.idToken=1", ".a%40b.refreshToken=2", ".LastAuthUser=a%40b")) == "1+2")
        #expect(tokens(fields(".%zz.idToken=1", ".LastAuthUser=%zz")) == "1")
    }

    @Test func whatComesTwiceCountsForNothing() {
        #expect(tokens(fields(".ada.idToken=1", ".ada.idToken=1")) == nil)
        #expect(tokens(fields(".a@b.idToken=1", ".a%40b.idToken=2")) == nil)
        #expect(tokens(fields(".ada.idToken=1", ".ada.refreshToken=2", ".ada.refreshToken=3")) == nil)
        #expect(tokens(fields("ID-TOKEN=1", "ID-TOKEN=2"), .elasticsearch) == nil)
        #expect(tokens(fields("ID-TOKEN=1", "REFRESH-TOKEN=2"), .elasticsearch) == "1+2")
        #expect(tokens(fields("ID-TOKEN=1")) == nil && tokens(fields(".ada.idToken=1"), .elasticsearch) == nil)
    }

    @Test func removalsAreBoundedAndEachComesOnce() {
        var many = Fields()
        let line = (0..<1000).map { "\(Self.prefix)\($0).idToken=x" } + ["spa-auth-edge-nonce=1"]
        many.append(.cookie, (line + line).joined(separator: "; "))
        for mode in CloudFrontSettings.Mode.allCases {
            let names = cookies(mode).removals(for: many).map(\.name)
            #expect(names.count <= CloudFrontCookies.mostRemovals && Set(names).count == names.count)
        }
        #expect(cookies().removals(for: fields(".a b.idToken=1", ".a\"b.idToken=1", "other=1")).isEmpty)
    }

    @Test func flowCookiesAreHiddenAndTokensAreReadableInSPAMode() {
        let removed = cookies().removals(for: fields(".ada.idToken=1", "spa-auth-edge-pkce=1")).map(\.description)
        #expect(
            removed == [
                "\(Self.prefix)ada.idToken=; Path=/; Max-Age=0; Secure; SameSite=Lax",
                "spa-auth-edge-pkce=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
            ])
    }

    private func grant(idToken: String, accessToken: String? = nil) -> CloudFrontCookies.Grant {
        CloudFrontCookies.Grant(
            userName: "ada; @b\u{E9}", subject: "1", email: nil, idToken: idToken,
            accessToken: accessToken.map(SecretText.init), refreshToken: nil, scopes: ["openid", "email"])
    }

    @Test func allAreSetOrNone() {
        let attributes = "\(Self.prefix)ada%3B%20%40b%C3%A9.idToken=; Path=/; Secure; SameSite=Lax".utf8.count
        let most = String(repeating: "x", count: CloudFrontCookies.longestCookie - attributes)
        #expect(cookies().cookies(for: grant(idToken: most))?.count == 5)
        #expect(cookies().cookies(for: grant(idToken: most + "x")) == nil)
        #expect(cookies().cookies(for: grant(idToken: "a", accessToken: "a;b")) == nil)
        #expect(cookies(.elasticsearch).cookies(for: grant(idToken: "a", accessToken: "b"))?.count == 3)
    }
}
