import HTTP

/// The agent beside a container: ECS's, or that of EKS Pod Identity.
extension CredentialChain {
    func containerCredentials() async throws(CredentialError) -> Credentials? {
        guard let url = try containerURL() else { return nil }
        var fields: Fields = [.accept: "application/json"]
        if let file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            fields.append(.authorization, try token(at: file))
        } else if let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            guard token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw CredentialError("AWS_CONTAINER_AUTHORIZATION_TOKEN is no field's value")
            }
            fields.append(.authorization, token)
        }
        return try CredentialDocument.read(try await ask(.get, url, fields), now: now)
    }

    private func containerURL() throws(CredentialError) -> ServiceURL? {
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard path.hasPrefix("/"), let url = ServiceURL("http://169.254.170.2" + path) else {
                throw CredentialError("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path")
            }
            return url
        }
        guard let text = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let url = ServiceURL(text) else {
            throw CredentialError("AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL")
        }
        guard url.endpoint.isSecure || Self.mayBePlain(url.endpoint.host) else {
            throw CredentialError(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is plain http, and neither of this machine nor of ECS or EKS")
        }
        return url
    }

    /// Whom plain HTTP may go to with a token: the loopback, and the addresses that ECS and EKS have beside a container.
    /// No name but `localhost`, which may be another machine's tomorrow.
    static func mayBePlain(_ host: String) -> Bool {
        if ["localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
