/// The origins: buckets, directories and apps.
extension ConfigurationReader {
    mutating func origins(in section: SettingSection) -> [OriginSettings] {
        section.named.compactMap { origin(in: $0) }
    }

    private mutating func origin(in section: SettingSection) -> OriginSettings? {
        let bucket = section.section("s3")
        let kinds = [
            ("s3", bucket.isPresent, bucket.position), kind(Options.originDirectory, "directory", in: section),
            kind(Options.originHTTP, "http", in: section),
        ].filter(\.1)
        guard kinds.count < 2 else {
            faults.error(
                kinds[1].2, section.key, "the origin has both \(kinds[0].0) and \(kinds[1].0)",
                "Keep one of the two, and make another origin of the other")
            return nil
        }
        switch kinds.first?.0 {
        case "s3": return s3(in: bucket).map { OriginSettings(name: section.name, kind: .s3($0)) }
        case "directory": return directory(in: section).map { OriginSettings(name: section.name, kind: .directory($0)) }
        case "http": return app(in: section).map { OriginSettings(name: section.name, kind: .http($0)) }
        default:
            faults.error(
                section.position, section.key, "the origin has neither s3 nor directory nor http",
                "Add one of the three")
            return nil
        }
    }

    private func kind<Value>(
        _ option: Option<Value>, _ name: String, in section: SettingSection
    ) -> (String, Bool, Position) {
        section.has(option) ? (name, true, section.position(of: option)) : (name, false, section.position)
    }

    private mutating func app(in section: SettingSection) -> AppSettings? {
        guard let url = section.optional(Options.originHTTP) else { return nil }
        var authorities: FileContent?
        if let reference = section.optional(Options.originCAFile) {
            let located = Located(value: reference, position: section.position(of: Options.originCAFile))
            authorities = source.pem(
                located, label: "CERTIFICATE", isSecret: false, key: section.key(of: Options.originCAFile), &faults)
        }
        let identity = section.section("identity")
        return AppSettings(
            url: url, socket: section.located(Options.originSocket).map(source.path), authorities: authorities,
            uploadSize: section.value(Options.originUploadSize), passesHost: section.value(Options.originPassHost),
            sendsForwarded: section.value(Options.originForwarded),
            identity: AppSettings.Identity(
                user: identity.value(Options.originIdentityUser), email: identity.value(Options.originIdentityEmail),
                groups: identity.value(Options.originIdentityGroups),
                assertion: identity.value(Options.originIdentityAssertion)))
    }

    private mutating func directory(in section: SettingSection) -> String? {
        guard let text = section.optional(Options.originDirectory) else { return nil }
        let path = source.path(text, at: section.position(of: Options.originDirectory))
        guard source.files.status(path)?.isDirectory == true else {
            let what = source.files.status(path) == nil ? "does not exist" : "is no directory"
            faults.error(
                section.position(of: Options.originDirectory), section.key(of: Options.originDirectory),
                "\(path) \(what)", "Name a directory that is there")
            return nil
        }
        return path
    }

    private mutating func s3(in section: SettingSection) -> S3Settings? {
        let bucket = section.required(Options.s3Bucket, &faults)
        let hasEndpoint = section.has(Options.s3Endpoint)
        if !hasEndpoint, !section.has(Options.s3Region) {
            faults.error(
                section.position, section.key(of: Options.s3Region),
                "the key is missing, and there is no endpoint either",
                "Add region, as in: region: eu-central-1")
        }
        let credentials = credentials(in: section)
        let region = section.optional(Options.s3Region) ?? "us-east-1"
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let standard = HTTPURL(isSecure: true, host: "s3.\(region).\(domain)", port: 443, path: "")
        let named = section.optional(Options.s3Endpoint)?.map(\.value) ?? []
        let endpoints = named.isEmpty ? [standard] : named
        guard let bucket, let credentials else { return nil }
        let needsPath =
            bucket.contains(".")
            || endpoints.contains { $0.isLoopback || IPAddress($0.host) != nil || $0.host.hasPrefix("[") }
        return S3Settings(
            bucket: bucket, region: region, endpoints: endpoints,
            addressing: section.optional(Options.s3Addressing) ?? (needsPath ? .path : .virtual),
            prefix: section.value(Options.s3Prefix),
            queryParameters: section.value(Options.s3QueryParameters).map(\.value), credentials: credentials)
    }

    private mutating func credentials(in section: SettingSection) -> S3Credentials? {
        let named = [section.has(Options.s3AccessKeyID), section.has(Options.s3SecretAccessKey)]
        let source = section.value(Options.s3Credentials)
        guard named.contains(true) || section.has(Options.s3SessionToken) else {
            return credentialSearch(source, in: section).map(S3Credentials.found)
        }
        let message = "the origin has keys of its own, and so looks for none"
        if source != .auto {
            faults.error(
                section.position(of: Options.s3Credentials), section.key(of: Options.s3Credentials), message,
                "Remove it, or the keys")
        }
        if section.has(Options.s3Profile) {
            faults.error(
                section.position(of: Options.s3Profile), section.key(of: Options.s3Profile), message,
                "Remove it, or the keys")
        }
        let accessKeyID =
            section.required(Options.s3AccessKeyID, &faults) == nil
            ? nil : secret(Options.s3AccessKeyID, in: section, isSecret: false)
        let secretAccessKey =
            section.required(Options.s3SecretAccessKey, &faults) == nil
            ? nil : secret(Options.s3SecretAccessKey, in: section)
        let token = secret(Options.s3SessionToken, in: section)
        guard let accessKeyID, let secretAccessKey else { return nil }
        return .fixed(S3Keys(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: token))
    }

    private mutating func credentialSearch(
        _ source: S3CredentialSource, in section: SettingSection
    ) -> S3CredentialSearch? {
        let profile = section.optional(Options.s3Profile)
        if profile != nil, source != .auto, source != .profile {
            faults.error(
                section.position(of: Options.s3Profile), section.key(of: Options.s3Profile),
                "a profile is named, and credentials are to come from elsewhere (\(source.rawValue))",
                "Keep one of the two")
            return nil
        }
        if profile == nil, source == .auto, !hasCredentials {
            faults.warning(
                section.position(of: Options.s3Credentials), section.key(of: Options.s3Credentials),
                "the environment names no credentials and there are no profiles, so that only EC2's metadata service "
                    + "can have any",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the process, or add access_key_id and "
                    + "secret_access_key, or write credentials: instance")
        }
        return S3CredentialSearch(
            source: profile == nil ? source : .profile, profile: profile,
            stsEndpoint: section.optional(Options.s3STSEndpoint))
    }

    /// Whether this machine has what credentials could come from, as far as that shows without asking anybody.
    private var hasCredentials: Bool {
        let environment = source.environment
        func isSet(_ name: String) -> Bool { environment[name]?.isEmpty == false }
        if isSet("AWS_ACCESS_KEY_ID"), isSet("AWS_SECRET_ACCESS_KEY") { return true }
        let others = [
            "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ]
        if others.contains(where: isSet) { return true }
        let home = environment["HOME"] ?? ""
        let files = [
            environment["AWS_SHARED_CREDENTIALS_FILE"] ?? "\(home)/.aws/credentials",
            environment["AWS_CONFIG_FILE"] ?? "\(home)/.aws/config",
        ]
        return files.contains { source.files.status($0) != nil }
    }

    private mutating func secret(
        _ option: Option<ContentReference>, in section: SettingSection, isSecret: Bool = true
    ) -> Secret? {
        guard let reference = section.located(option) else { return nil }
        return source.secret(reference, key: section.key(of: option), isSecret: isSecret, &faults)
    }
}
