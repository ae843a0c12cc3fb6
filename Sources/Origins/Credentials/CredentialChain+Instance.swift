import HTTP

extension FieldName {
    static let xAWSTokenTTL = FieldName("x-aws-ec2-metadata-token-ttl-seconds")
    static let xAWSToken = FieldName("x-aws-ec2-metadata-token")
}

/// The metadata service of an EC2 instance, version 2: a token first, by PUT, and with it everything else. Version 1,
/// which answers whoever makes this machine send a GET, is never asked.
extension CredentialChain {
    private static let roles = "/latest/meta-data/iam/security-credentials/"
    /// It is on this machine, or not at all.
    private static let patience: Int64 = 2

    func instanceCredentials() async throws(CredentialError) -> Credentials? {
        if variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        let isIPv6 = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        let usual = isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        guard let service = ServiceURL(variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? usual) else {
            throw CredentialError("AWS_EC2_METADATA_SERVICE_ENDPOINT is no http or https URL")
        }
        let token = try await metadataToken(service)
        let roles = try await ask(
            .get, service.appending(Self.roles), [.xAWSToken: token], seconds: Self.patience)
        let role = String(decoding: roles.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard (1...64).contains(role.utf8.count), role.utf8.allSatisfy(Self.isRoleByte) else {
            throw CredentialError("the instance has no role")
        }
        let body = try await ask(
            .get, service.appending(Self.roles + role), [.xAWSToken: token, .accept: "application/json"],
            seconds: Self.patience)
        return try CredentialDocument.read(body, now: now)
    }

    /// For a minute: it is asked for each time.
    private func metadataToken(_ service: ServiceURL) async throws(CredentialError) -> String {
        let bytes: [UInt8]
        do throws(CredentialError) {
            bytes = try await ask(
                .put, service.appending("/latest/api/token"), [.xAWSTokenTTL: "60"], seconds: Self.patience)
        } catch {
            throw CredentialError(
                "no token of the metadata service, version 2 (in a container its hop limit has to be 2): \(error)")
        }
        guard (1...1024).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CredentialError("the metadata service gave no token")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// IAM's letters for names; none of them means anything in a path.
    private static func isRoleByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x3D, 0x2C, 0x2E, 0x40, 0x2D, 0x5F: true
        default: false
        }
    }
}
