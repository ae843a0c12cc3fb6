import Posix

/// The files that AWS's tools share. They are read each time, and so what is written there anew counts within a minute.
extension CredentialChain {
    /// Profiles that lead to one another, at most.
    static let longestLine = 5

    func profileCredentials() async throws(CredentialError) -> Credentials? {
        let named = search.profile ?? variable("AWS_PROFILE") ?? variable("AWS_DEFAULT_PROFILE")
        let name = named ?? "default"
        let profiles = try sharedProfiles().profiles
        guard let profile = profiles[name] else {
            guard named == nil else { throw CredentialError("there is no profile \(name)") }
            return nil
        }
        // A profile may be there for its region alone, and credentials come from elsewhere.
        let hasNone = profile.keys.allSatisfy { !Self.settings.contains($0) }
        if hasNone, search.source == nil, search.profile == nil { return nil }
        return try await credentials(of: name, in: profiles, after: [])
    }

    private static let settings: Set = [
        "aws_access_key_id", "aws_secret_access_key", "role_arn", "credential_process", "sso_session", "sso_start_url",
        "login_session",
    ]

    private func sharedProfiles() throws(CredentialError) -> SharedProfiles {
        SharedProfiles(
            config: try sharedFile("AWS_CONFIG_FILE", "~/.aws/config"),
            credentials: try sharedFile("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    }

    /// A file that is not there is as good as an empty one.
    private func sharedFile(_ name: String, _ usual: String) throws(CredentialError) -> String {
        let path = path(variable(name) ?? usual)
        guard !path.hasPrefix("~/") else { return "" }
        do throws(SystemError) {
            let bytes = try File.read(path: path, limit: SharedProfiles.maximumLength)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            if error.isMissing { return "" }
            throw CredentialError("the file \(path): \(error.reason)")
        }
    }

    /// - Parameter earlier: the profiles that have led here.
    private func credentials(
        of name: String, in profiles: [String: [String: String]], after earlier: [String]
    ) async throws(CredentialError) -> Credentials {
        func fail(_ problem: String) -> CredentialError { CredentialError("the profile \(name) \(problem)") }
        guard let profile = profiles[name] else { throw fail("is not there") }
        func setting(_ name: String) -> String? { profile[name].flatMap { $0.isEmpty ? nil : $0 } }
        let keys = try staticKeys(profile, fail)

        // A profile that names itself is where the keys are.
        if let roleARN = setting("role_arn"), keys == nil || earlier.last != name {
            guard earlier.count < Self.longestLine, !earlier.contains(name) else {
                throw fail("leads to itself, or too far")
            }
            guard setting("mfa_serial") == nil else { throw fail("asks for somebody's second factor (mfa_serial)") }
            let role = Role(
                arn: roleARN, sessionName: setting("role_session_name"), externalID: setting("external_id"),
                seconds: setting("duration_seconds"))
            let region = setting("region")
            if let tokenFile = setting("web_identity_token_file") {
                return try await assume(role, token: try token(at: tokenFile), region: region)
            }
            let own: Credentials
            switch (setting("source_profile"), setting("credential_source")) {
            case (let source?, nil):
                own = try await credentials(of: source, in: profiles, after: earlier + [name])
            case (nil, let source?): own = try await credentials(named: source, fail)
            default: throw fail("needs one of source_profile, credential_source and web_identity_token_file")
            }
            return try await assume(role, with: own, region: region)
        }
        if let keys { return keys }
        if setting("credential_process") != nil {
            throw fail("has a credential_process, which is not run: Postern starts no other programs")
        }
        if setting("sso_session") != nil || setting("sso_start_url") != nil || setting("login_session") != nil {
            throw fail("is for somebody who signs in with a browser")
        }
        throw fail("has no credentials")
    }

    private func staticKeys(
        _ profile: [String: String], _ fail: (String) -> CredentialError
    ) throws(CredentialError) -> Credentials? {
        let token = profile["aws_session_token"]
        switch (profile["aws_access_key_id"], profile["aws_secret_access_key"]) {
        case (nil, nil): return nil
        case (let accessKeyID?, let secretAccessKey?):
            guard
                let keys = Credentials(
                    checking: accessKeyID, secretAccessKey: secretAccessKey,
                    sessionToken: token.flatMap { $0.isEmpty ? nil : $0 })
            else { throw fail("holds keys that cannot be signed with") }
            return keys
        default: throw fail("has one of aws_access_key_id and aws_secret_access_key without the other")
        }
    }

    /// `credential_source`'s words.
    private func credentials(
        named source: String, _ fail: (String) -> CredentialError
    ) async throws(CredentialError) -> Credentials {
        let found: Credentials?
        switch source {
        case "Environment": found = try environmentCredentials()
        case "EcsContainer": found = try await containerCredentials()
        case "Ec2InstanceMetadata": found = try await instanceCredentials()
        default: throw fail("has a credential_source that there is not")
        }
        guard let found else { throw fail("has a credential_source that has none") }
        return found
    }
}
