import Bytes
import Cryptography
import HTTP
import Settings

/// The cookies of the cloudfront-authorization-at-edge sample, of one client: where its tokens are in a request, and how
/// they are set and removed. Nothing in them is believed here: whoever takes a token out has to verify it.
struct CloudFrontCookies {
    /// What one request has: an ID token, and what it can be renewed with.
    struct Tokens {
        let idToken: String
        let refreshToken: SecretText?
    }

    /// What is set for somebody.
    struct Grant {
        let userName: String
        let subject: String
        let email: String?
        let idToken: String
        let accessToken: SecretText?
        let refreshToken: SecretText?
        let scopes: [String]
    }

    /// Bytes of one cookie with its name and attributes: what browsers keep at least (RFC 6265 section 6.1).
    static let longestCookie = 4096
    /// Cookies that one answer removes at most.
    static let mostRemovals = 32

    let mode: CloudFrontSettings.Mode
    let clientID: String
    /// Where the refresh token is sent to in static-site mode.
    let refreshPath: String
    let isSecure: Bool

    private var prefix: String { "CognitoIdentityServiceProvider.\(clientID)." }
    private static let elasticsearchNames = ["ID-TOKEN", "ACCESS-TOKEN", "REFRESH-TOKEN", "COGNITO-ENABLED"]
    private static let amplifyNames = ["amplify-signin-with-hostedUI"]
    private static let flowNames = [
        "spa-auth-edge-nonce", "spa-auth-edge-nonce-hmac", "spa-auth-edge-pkce", "spa-auth-edge-refresh",
    ]

    // MARK: In

    /// The tokens of the one person that the cookies are of; of several, of the one whom `LastAuthUser` names. A cookie
    /// that comes twice is somebody else's doing, and then there are none.
    func tokens(in fields: borrowing Fields) -> Tokens? {
        guard mode != .elasticsearch else {
            let refreshTokens = Cookies.values(named: "REFRESH-TOKEN", in: fields)
            return tokens(Cookies.values(named: "ID-TOKEN", in: fields), refreshTokens)
        }
        var idTokens: [String: [String]] = [:]
        var refreshTokens: [String: [String]] = [:]
        var last: [String] = []
        for (name, value) in Cookies.pairs(withPrefix: prefix, in: fields) {
            let rest = name.dropFirst(prefix.count)
            if let user = Self.user(rest, ".idToken") {
                idTokens[user, default: []].append(value)
            } else if let user = Self.user(rest, ".refreshToken") {
                refreshTokens[user, default: []].append(value)
            } else if rest == "LastAuthUser" {
                last.append(Self.decoded(value))
            }
        }
        guard last.count <= 1, let user = last.first ?? (idTokens.count == 1 ? idTokens.keys.first : nil) else {
            return nil
        }
        return tokens(idTokens[user] ?? [], refreshTokens[user] ?? [])
    }

    private func tokens(_ idTokens: [String], _ refreshTokens: [String]) -> Tokens? {
        guard idTokens.count == 1, refreshTokens.count <= 1 else { return nil }
        let refreshToken = refreshTokens.first.flatMap { $0.isEmpty ? nil : SecretText($0) }
        return Tokens(idToken: idTokens[0], refreshToken: refreshToken)
    }

    private static func user(_ name: Substring, _ suffix: String) -> String? {
        name.hasSuffix(suffix) ? decoded(String(name.dropLast(suffix.count))) : nil
    }

    /// As scripts read names and values: percent-decoded, where that can be done.
    private static func decoded(_ text: String) -> String {
        PercentCoding.decode(text.utf8).flatMap { String(validating: $0, as: UTF8.self) } ?? text
    }

    // MARK: Out

    /// What removes the sample's cookies that a request has, each with its own attributes; in static-site mode also the
    /// refresh token's, which is not sent here.
    func removals(for fields: borrowing Fields) -> [SetCookie] {
        var names: [String] = []
        if mode == .elasticsearch {
            names = Self.elasticsearchNames.filter { !Cookies.values(named: $0, in: fields).isEmpty }
        } else {
            for (name, _) in Cookies.pairs(withPrefix: prefix, in: fields) {
                names.append(name)
                guard mode == .static, name.hasSuffix(".idToken") else { continue }
                names.append(name.dropLast(".idToken".count) + ".refreshToken")
            }
            names += Self.amplifyNames.filter { !Cookies.values(named: $0, in: fields).isEmpty }
        }
        names += Self.flowNames.filter { !Cookies.values(named: $0, in: fields).isEmpty }
        var seen: Set<String> = []
        return names.filter { SetCookie.isName($0) && seen.insert($0).inserted }.prefix(Self.mostRemovals)
            .map { cookie($0, "").removal }
    }

    /// The cookies to set; nil where one of them is larger than browsers keep, or cannot be said in a cookie.
    func cookies(for grant: Grant) -> [SetCookie]? {
        var cookies: [(name: String, value: String)] = []
        let accessToken = grant.accessToken?.reveal(), refreshToken = grant.refreshToken?.reveal()
        if mode == .elasticsearch {
            cookies.append(("ID-TOKEN", grant.idToken))
            if let accessToken { cookies.append(("ACCESS-TOKEN", accessToken)) }
            if let refreshToken { cookies.append(("REFRESH-TOKEN", refreshToken)) }
            cookies.append(("COGNITO-ENABLED", "True"))
        } else {
            let name = PercentCoding.encode(grant.userName), user = prefix + name
            cookies.append((prefix + "LastAuthUser", name))
            cookies.append((user + ".idToken", grant.idToken))
            if let accessToken { cookies.append((user + ".accessToken", accessToken)) }
            if let refreshToken { cookies.append((user + ".refreshToken", refreshToken)) }
            cookies.append((user + ".userData", PercentCoding.encode(Self.userData(grant))))
            cookies.append((user + ".tokenScopesString", PercentCoding.encode(grant.scopes.joined(separator: " "))))
            cookies.append(("amplify-signin-with-hostedUI", "true"))
        }
        guard cookies.allSatisfy({ SetCookie.isName($0.name) && SetCookie.isValue($0.value) }) else { return nil }
        let made = cookies.map { cookie($0.name, $0.value) }
        return made.allSatisfy { $0.description.utf8.count <= Self.longestCookie } ? made : nil
    }

    /// A cookie of the sample's with the attributes that it has there. It ends with the browser's session.
    private func cookie(_ name: String, _ value: String) -> SetCookie {
        let isRefreshToken = name.hasPrefix(prefix) && name.hasSuffix(".refreshToken")
        let isFlow = Self.flowNames.contains(name)
        let isHidden: Bool
        switch mode {
        case .spa: isHidden = isFlow
        case .static: isHidden = true
        case .elasticsearch: isHidden = name != "COGNITO-ENABLED"
        }
        return SetCookie(
            name: name, value: value, path: mode == .static && isRefreshToken ? refreshPath : "/", secure: isSecure,
            httpOnly: isHidden, sameSite: .lax)
    }

    private static func userData(_ grant: Grant) -> String {
        var text = JSONText()
        text.object {
            $0.key("UserAttributes")
            $0.array {
                for (name, value) in [("sub", grant.subject), ("email", grant.email)] {
                    guard let value else { continue }
                    $0.object {
                        $0.member("Name", name)
                        $0.member("Value", value)
                    }
                }
            }
            $0.member("Username", grant.userName)
        }
        return text.text
    }
}
