import Cryptography
import HTTP

/// Roles, whose credentials are had from STS (its API of 2011-06-15).
extension CredentialChain {
    struct Role {
        let arn: String
        let sessionName: String?
        let externalID: String?
        /// For how long, as it was written; nil for as long as STS finds right.
        let seconds: String?
    }

    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, as EKS sets them. The token is read each time, for it is
    /// renewed in its place.
    func webIdentityCredentials() async throws(CredentialError) -> Credentials? {
        guard let file = variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let arn = variable("AWS_ROLE_ARN") else {
            throw CredentialError("AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN")
        }
        let role = Role(arn: arn, sessionName: variable("AWS_ROLE_SESSION_NAME"), externalID: nil, seconds: nil)
        return try await assume(role, token: try token(at: file), region: nil)
    }

    /// AssumeRoleWithWebIdentity, which the token alone proves.
    func assume(_ role: Role, token: String, region: String?) async throws(CredentialError) -> Credentials {
        let form = form("AssumeRoleWithWebIdentity", role, ("WebIdentityToken", token))
        return try await askSTS(form, signedWith: nil, region: region)
    }

    /// AssumeRole, by whom these credentials are.
    func assume(_ role: Role, with own: Credentials, region: String?) async throws(CredentialError) -> Credentials {
        try await askSTS(
            form("AssumeRole", role, role.externalID.map { ("ExternalId", $0) }), signedWith: own, region: region)
    }

    /// Amazon's own: each region has one, and the one for all of them is not used.
    package static func stsEndpoint(region: String) -> String {
        "https://sts.\(region).\(region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com")"
    }

    private func form(_ action: String, _ role: Role, _ more: (String, String)?) -> [UInt8] {
        var pairs = [
            ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn),
            ("RoleSessionName", role.sessionName ?? "postern"),
        ]
        if let seconds = role.seconds { pairs.append(("DurationSeconds", seconds)) }
        if let more { pairs.append(more) }
        return CanonicalRequest.encodeQuery(pairs.map { (name: $0.0, value: $0.1) })
    }

    private func askSTS(
        _ form: [UInt8], signedWith own: Credentials?, region: String?
    ) async throws(CredentialError) -> Credentials {
        let region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? region ?? search.region
        let named = search.stsEndpoint ?? variable("AWS_ENDPOINT_URL_STS") ?? variable("AWS_ENDPOINT_URL")
        guard let url = ServiceURL(named ?? Self.stsEndpoint(region: region)) else {
            throw CredentialError("the address of STS is no http or https URL")
        }
        let type = "application/x-www-form-urlencoded"
        var fields: Fields = [.contentType: type]
        if let own {
            var signer = RequestSigner(region: region, service: "sts")
            fields = signer.sign(
                SignableRequest(
                    method: "POST", path: Array(url.target.utf8), host: url.authority,
                    headers: [SignedHeader(.contentType, type)], payloadHash: SHA256.digest(form).hex),
                with: own, at: now)
        }
        fields.append(.accept, "text/xml")
        return try STSDocument.read(try await ask(.post, url, fields, body: form), now: now)
    }
}
