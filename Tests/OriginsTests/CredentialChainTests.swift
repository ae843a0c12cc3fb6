import Cryptography
import Foundation
import Origins
import Testing

/// Each source of credentials, before a server that speaks its protocol or lies.
@Suite struct CredentialChainTests {
    static let keys = ["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "secret"]

    // MARK: The order

    @Test func theFirstSourceThatIsThereCounts() throws {
        let rig = try CredentialRig([ServiceAnswer.send(ServiceAnswer.sts), ServiceAnswer.send(ServiceAnswer.document)])
        let token = try rig.write("token", "a.b.c\n")
        rig.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        #expect(try rig.failure() == "no source has any")

        rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rig.url + "/role"
        rig.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = token
        rig.environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/docs"
        rig.environment["AWS_ENDPOINT_URL_STS"] = rig.url
        #expect(try rig.load().get().1 == .webIdentity)
        rig.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = ""
        #expect(try rig.load().get().1 == .container)

        try rig.write(".aws/credentials", "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n")
        let file = try rig.load().get()
        #expect(file.1 == .profile && file.0.accessKeyID == "AKIAFILE" && file.0.expiresAt == nil)

        rig.environment.merge(Self.keys) { $1 }
        rig.environment["AWS_SESSION_TOKEN"] = "token"
        let environment = try rig.load().get()
        #expect(environment.1 == .environment && environment.0.accessKeyID == "AKIAENV")
        #expect(environment.0.sessionToken == SecretText("token"))
        #expect(try rig.load(.profile).get().0.accessKeyID == "AKIAFILE")
        #expect(try rig.failure(.instance) == "instance: nothing of it is set")
    }

    @Test func aSourceThatFailsIsNotPassedOver() throws {
        let rig = try CredentialRig([ServiceAnswer.send("", status: "500 Internal Server Error")])
        rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rig.url + "/role"
        rig.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = rig.url
        #expect(try rig.failure().hasPrefix("container: "))
        #expect(rig.server.requests.count == 1)
    }

    @Test func halfAKeyIsAFault() throws {
        let rig = try CredentialRig()
        rig.environment["AWS_ACCESS_KEY_ID"] = "AKIAENV"
        #expect(try rig.failure() == "environment: AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY")
    }

    @Test func nothingThatCannotBeSignedWithIsTaken() throws {
        let rig = try CredentialRig()
        for (id, secret, token) in [
            ("A B", "s", "t"), ("A,B", "s", "t"), ("A/B", "s", "t"), ("A", "s\n", "t"), ("A", "s", "t\r\n"),
        ] {
            rig.environment["AWS_ACCESS_KEY_ID"] = id
            rig.environment["AWS_SECRET_ACCESS_KEY"] = secret
            rig.environment["AWS_SESSION_TOKEN"] = token
            #expect(try rig.failure() == "environment: the variables hold what cannot be signed with")
        }
    }

    // MARK: Profiles

    @Test func profilesHaveKeys() throws {
        let rig = try CredentialRig()
        rig.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        let config = try rig.write("config", "[profile docs]\nregion = eu-west-1\n[profile empty]\nregion = x\n")
        rig.environment["AWS_CONFIG_FILE"] = config
        rig.environment["AWS_SHARED_CREDENTIALS_FILE"] = try rig.write(
            "keys", "[docs]\naws_access_key_id=AKIADOCS\naws_secret_access_key=s\naws_session_token=t # once\n")
        let named = try rig.load(.profile, profile: "docs").get().0
        #expect(named.accessKeyID == "AKIADOCS" && named.sessionToken == SecretText("t"))
        rig.environment["AWS_PROFILE"] = "docs"
        #expect(try rig.load().get().0.accessKeyID == "AKIADOCS")
        #expect(try rig.failure(.profile, profile: "other") == "profile: there is no profile other")
        rig.environment["AWS_PROFILE"] = "other"
        #expect(try rig.failure() == "profile: there is no profile other")
        rig.environment["AWS_PROFILE"] = "empty"
        #expect(try rig.failure() == "no source has any")
        #expect(try rig.failure(.profile) == "profile: the profile empty has no credentials")
    }

    @Test func whatIsWrongWithAProfileIsSaid() throws {
        let rig = try CredentialRig()
        for (settings, reason) in [
            ("aws_access_key_id = A", "without the other"),
            ("credential_process = /bin/echo secret-of-the-line", "Postern starts no other programs"),
            ("sso_session = corp", "signs in with a browser"),
            ("role_arn = r", "needs one of source_profile"),
            ("role_arn = r\nsource_profile = x\ncredential_source = Environment", "needs one of"),
            ("role_arn = r\nsource_profile = nowhere", "the profile nowhere is not there"),
            ("role_arn = r\nsource_profile = docs", "leads to itself"),
            ("role_arn = r\nsource_profile = a\n[a]\nrole_arn = r\nsource_profile = docs", "leads to itself"),
            ("role_arn = r\nsource_profile = docs\nmfa_serial = m", "second factor"),
            ("role_arn = r\ncredential_source = Environment", "credential_source that has none"),
            ("role_arn = r\ncredential_source = Moon", "credential_source that there is not"),
            ("role_arn = r\nweb_identity_token_file = /nonexistent/token", "No such file"),
        ] {
            try rig.write(".aws/credentials", "[docs]\n\(settings)\n")
            let found = try rig.failure(.profile, profile: "docs")
            #expect(found.contains(reason) && !found.contains("secret-of"), "\(settings): \(found)")
        }
        #expect(rig.server.requests.isEmpty)
    }

    @Test func aFileThatCannotBeReadIsAFault() throws {
        let rig = try CredentialRig()
        rig.environment["AWS_CONFIG_FILE"] = rig.folder
        #expect(try rig.failure().contains("directory"))
        let large = String(repeating: "#", count: SharedProfiles.maximumLength + 1)
        rig.environment["AWS_CONFIG_FILE"] = try rig.write("large", large)
        #expect(try rig.failure().contains("large"))
    }

    // MARK: STS

    @Test func aProfilesRoleIsAssumedWithASignedRequest() throws {
        let rig = try CredentialRig([ServiceAnswer.send(ServiceAnswer.sts)])
        try rig.write(
            ".aws/config",
            """
            [profile docs]
            role_arn = arn:aws:iam::1:role/docs
            source_profile = own
            external_id = ex
            role_session_name = here
            duration_seconds = 900
            region = eu-north-1
            [profile own]
            aws_access_key_id = AKIAOWN
            aws_secret_access_key = s
            """)
        let (credentials, source) = try rig.load(.profile, profile: "docs", sts: rig.url).get()
        #expect(source == .profile && credentials.accessKeyID == "ASIASTS")
        #expect(credentials.secretAccessKey == SecretText("secret/+="))
        #expect(credentials.expiresAt == 32_472_144_000)
        let request = try #require(rig.server.requests.first)
        #expect(request.hasPrefix("POST / HTTP/1.1\r\n"))
        #expect(request.contains("Credential=AKIAOWN/") && request.contains("/eu-north-1/sts/aws4_request"))
        #expect(request.contains("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date"))
    }

    @Test func aProfileMayNameItselfForItsKeys() throws {
        let rig = try CredentialRig([ServiceAnswer.send(ServiceAnswer.sts)])
        try rig.write(
            ".aws/config",
            """
            [default]
            role_arn = arn:aws:iam::1:role/docs
            source_profile = default
            aws_access_key_id = AKIAOWN
            aws_secret_access_key = s
            """)
        rig.environment["AWS_ENDPOINT_URL"] = rig.url
        #expect(try rig.load().get().0.accessKeyID == "ASIASTS")
        #expect(rig.server.requests.count == 1 && rig.server.requests[0].contains("Credential=AKIAOWN/"))
    }

    @Test func aWebIdentityIsExchangedForARole() throws {
        let rig = try CredentialRig([ServiceAnswer.send(ServiceAnswer.sts)])
        rig.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = try rig.write("token", "a.b.c\n")
        #expect(try rig.failure(.webIdentity).contains("AWS_ROLE_ARN"))
        rig.environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/docs"
        #expect(try rig.load(.webIdentity, sts: rig.url + "/sts").get().0.accessKeyID == "ASIASTS")
        let request = try #require(rig.server.requests.first)
        #expect(request.hasPrefix("POST /sts HTTP/1.1\r\n") && !request.contains("authorization"))
        for text in ["", "\n", "a\u{1}b", "é"] {
            rig.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = try rig.write("token", text)
            #expect(try rig.failure(.webIdentity, sts: rig.url).contains("holds no token"))
        }
    }

    @Test func eachRegionHasItsOwnSTS() {
        #expect(CredentialChain.stsEndpoint(region: "eu-west-1") == "https://sts.eu-west-1.amazonaws.com")
        #expect(CredentialChain.stsEndpoint(region: "cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn")
    }

    @Test func noLieOfSTSIsBelieved() throws {
        for lie in ServiceAnswer.lies(ServiceAnswer.sts) {
            let rig = try CredentialRig([lie.steps])
            rig.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = try rig.write("token", "a.b.c")
            rig.environment["AWS_ROLE_ARN"] = "role"
            let reason = try rig.failure(.webIdentity, sts: rig.url)
            #expect(reason.contains(lie.reason) && !reason.contains("secret/"), "\(lie.name): \(reason)")
        }
    }

    // MARK: Containers

    @Test func aContainersAgentIsAskedWithItsToken() throws {
        let rig = try CredentialRig(Array(repeating: ServiceAnswer.send(ServiceAnswer.document), count: 3))
        rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rig.url + "/v1/credentials?a=b"
        let (credentials, _) = try rig.load(.container).get()
        #expect(credentials.accessKeyID == "ASIAEXAMPLE" && credentials.sessionToken == SecretText("token=="))
        rig.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic one"
        _ = try rig.load(.container).get()
        rig.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = try rig.write("token", "two\n")
        _ = try rig.load(.container).get()
        let requests = rig.server.requests
        #expect(requests.allSatisfy { $0.hasPrefix("GET /v1/credentials?a=b HTTP/1.1\r\n") })
        #expect(!requests[0].contains("authorization"))
        #expect(requests[1].contains("\r\nauthorization: Basic one") && requests[2].contains("\r\nauthorization: two"))
        rig.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/nonexistent/token"
        #expect(try rig.failure(.container).contains("No such file"))
    }

    @Test func plainHTTPGoesToAllowedHostsAlone() throws {
        let rig = try CredentialRig()
        for url in [
            "http://192.0.2.1/", "http://169.254.170.3/", "http://example.com/", "http://localhost.example.com/",
            "http://127.0.0.1.example.com/", "http://127.1.1/", "http://[::2]/", "http://169.254.169.254/",
        ] {
            rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url
            #expect(try rig.failure(.container).contains("is plain http"), "\(url)")
        }
        for url in ["ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1/ x", "127.0.0.1"] {
            rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url
            #expect(try rig.failure(.container).contains("no http or https URL"), "\(url)")
        }
        rig.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@example.com/"
        #expect(try rig.failure(.container).contains("is no path"))
    }

    @Test func noLieOfAContainersAgentIsBelieved() throws {
        for lie in ServiceAnswer.lies(ServiceAnswer.document) {
            let rig = try CredentialRig([lie.steps])
            rig.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rig.url
            let reason = try rig.failure(.container)
            #expect(reason.contains(lie.reason) && !reason.contains("secret/"), "\(lie.name): \(reason)")
        }
    }

    // MARK: Instances

    @Test func anInstancesRoleIsAskedForWithAToken() throws {
        let rig = try CredentialRig([
            ServiceAnswer.send("metadata-token=="), ServiceAnswer.send("docs-role\nsecond"),
            ServiceAnswer.send(ServiceAnswer.document),
        ])
        rig.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = rig.url + "/"
        let (credentials, source) = try rig.load().get()
        #expect(source == .instance && credentials.accessKeyID == "ASIAEXAMPLE")
        let requests = rig.server.requests
        #expect(requests[0].hasPrefix("PUT /latest/api/token HTTP/1.1\r\n"))
        #expect(requests[0].contains("\r\nx-aws-ec2-metadata-token-ttl-seconds: 60"))
        #expect(requests[1].hasPrefix("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"))
        #expect(requests[2].hasPrefix("GET /latest/meta-data/iam/security-credentials/docs-role HTTP/1.1\r\n"))
        #expect(requests.dropFirst().allSatisfy { $0.contains("\r\nx-aws-ec2-metadata-token: metadata-token==") })
    }

    @Test func versionOneIsNeverAsked() throws {
        for answer in [
            ServiceAnswer.send("", status: "405 Method Not Allowed"), ServiceAnswer.send("", status: "403 Forbidden"),
            ServiceAnswer.send(""), ServiceAnswer.send("two words"), [.close], [],
        ] {
            let rig = try CredentialRig([
                answer, ServiceAnswer.send("docs-role"), ServiceAnswer.send(ServiceAnswer.document),
            ])
            rig.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = rig.url
            #expect(try rig.failure(.instance).contains("token"))
            #expect(rig.server.requests.count == 1)
        }
    }

    @Test func noLieOfAnInstanceIsBelieved() throws {
        var lies = ServiceAnswer.lies(ServiceAnswer.document)
        let failed = ServiceAnswer.document.replacingOccurrences(of: "Success", with: "Failed")
        lies.append(("code", ServiceAnswer.send(failed), "Code is Failed"))
        for lie in lies {
            let rig = try CredentialRig([ServiceAnswer.send("token"), ServiceAnswer.send("role"), lie.steps])
            rig.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = rig.url
            let reason = try rig.failure(.instance)
            #expect(reason.contains(lie.reason) && !reason.contains("secret/"), "\(lie.name): \(reason)")
        }
        for role in ["", "<html>", "a b", "a/../b", String(repeating: "a", count: 65)] {
            let rig = try CredentialRig([ServiceAnswer.send("token"), ServiceAnswer.send(role)])
            rig.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = rig.url
            #expect(try rig.failure(.instance).contains("no role"))
        }
    }
}
