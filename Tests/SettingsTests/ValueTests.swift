import Settings
import Testing

struct ValueTests {
    @Test func addressesReadAndPrintCanonically() {
        for (text, canonical) in [
            ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("1::", "1::"), ("0:0:1::", "0:0:1::"),
        ] {
            #expect(IPAddress(text)?.description == canonical, "\(text)")
        }
        for text in [
            "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.0.0.1", ":", ":::", "1:2", "1::2::3", "12345::", "g::",
            "::1.2.3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7:8", "+1.2.3.4", "::%lo",
        ] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }

    @Test func rangesHoldTheirAddressesAlone() {
        let ten = AddressRange.ip(IPAddress("10.128.0.0")!, prefixLength: 9)
        #expect(ten.contains([10, 128, 0, 1]) && ten.contains([10, 255, 0, 1]))
        #expect(!ten.contains([10, 127, 0, 1]) && !ten.contains([11, 128, 0, 1]))
        #expect(ten.contains(IPAddress("::ffff:10.200.0.1")!.bytes))
        #expect(!ten.contains(IPAddress("::10.200.0.1")!.bytes))
        #expect(AddressRange.ip(IPAddress("0.0.0.0")!, prefixLength: 0).contains([1, 2, 3, 4]))
        #expect(!AddressRange.ip(IPAddress("::")!, prefixLength: 0).contains([1, 2, 3, 4]))
        let one = AddressRange.ip(IPAddress("::1")!, prefixLength: 128)
        #expect(one.contains(IPAddress("::1")!.bytes) && !one.contains(IPAddress("::2")!.bytes))
    }

    @Test func unitsPrintAsTheyAreRead() {
        #expect(DurationText.format(TimeSpan(seconds: 5400)) == "90m")
        #expect(DurationText.format(TimeSpan(milliseconds: 1500)) == "1500ms")
        #expect(DurationText.format(TimeSpan(seconds: 0)) == "0s")
        #expect(SizeText.format(1536) == "1536B" && SizeText.format(1 << 20) == "1MiB" && SizeText.format(0) == "0B")
    }

    @Test func secretDoesNotPrintItself() {
        let secret = Secret(Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in [
            "\(secret)", "\(String(reflecting: secret))", "\([secret])", dumped,
            "\(ClientAuthentication.basic(secret: secret))",
        ] {
            #expect(!text.contains("hunter2") && !text.contains("104"))
        }
    }

    @Test func aSessionKeyThatSpellsNoneIsAFault() {
        func faults(_ key: String) -> Int {
            var files = MemoryFiles()
            files.files["/etc/postern/session.key"] = Array(key.utf8)
            return load(Sample.directory, files: files).faults.count
        }
        #expect(faults("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\r\n") == 0)
        #expect(faults("MDEyMzQ1Njc4OTAxMjM0NQ==") == 1)
        #expect(faults("") == 1)
    }

    @Test func secretsComeFromFilesVariablesAndCredentials() throws {
        for (reference, environment) in [
            ("file:client.secret", [:]), ("file:/etc/postern/client.secret", [:]),
            ("env:S", ["S": "very-secret-client"]),
            ("credential:client.secret", ["CREDENTIALS_DIRECTORY": "/etc/postern"]), ("very-secret-client", [:]),
        ] as [(String, [String: String])] {
            let text = Sample.replacing("client_id: postern", "client_id: postern\n    client_secret: \(reference)")
            let result = load(text, environment: environment)
            #expect(result.faults == [])
            let expected = ClientAuthentication.basic(secret: Secret(Array("very-secret-client".utf8)))
            #expect(result.configuration?.providers[0].clientAuth == expected)
        }
    }

    @Test func credentialsOfS3AreLookedForUnlessTheConfigHasThem() throws {
        let auto = Sample.replacing("directory: /srv/docs", "s3: {bucket: abc, region: eu-west-1}")
        let environments = [
            ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"], ["AWS_PROFILE": "docs"],
            ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"], ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/"],
            ["HOME": "/home/postern"],
        ]
        let files = MemoryFiles(["/home/postern/.aws/config": "[default]\n"])
        for environment in environments {
            let result = load(auto, files: files, environment: environment)
            #expect(result.faults == [], "\(environment)")
            guard case .s3(let bucket) = result.configuration?.origins[0].kind else { return #expect(Bool(false)) }
            #expect(bucket.credentials == .found(S3CredentialSearch(source: .auto, profile: nil, stsEndpoint: nil)))
            #expect(bucket.endpoints.map(\.description) == ["https://s3.eu-west-1.amazonaws.com"])
            #expect(bucket.addressing == .virtual)
        }
        let without = load(auto)
        #expect(without.configuration != nil && without.faults.map(\.severity) == [.warning])
    }

    @Test func onlyParametersThatAskForTheObjectCanBeNamed() throws {
        func bucket(_ names: String) -> String {
            let bucket = "s3: {bucket: abc, region: a, profile: p, query_parameters: [\(names)]}"
            return Sample.replacing("directory: /srv/docs", bucket)
        }
        let named = load(bucket("versionId, response-expires"))
        guard case .s3(let s3) = named.configuration?.origins[0].kind else { return #expect(Bool(false)) }
        #expect(s3.queryParameters == [.versionID, .expires])
        for name in ["acl", "versionid", "list-type", "partNumber", "X-Amz-Signature", "width"] {
            #expect(load(bucket(name)).faults.places == ["11 origins.docs.s3.query_parameters"], "\(name)")
        }
    }

    @Test func whereCredentialsAreLookedForIsSaidOnce() throws {
        func bucket(_ more: String) -> String {
            Sample.replacing("directory: /srv/docs", "s3: {bucket: abc, region: eu-west-1, \(more)}")
        }
        let search = load(bucket("profile: docs, sts_endpoint: 'http://127.0.0.1:4'"))
        guard case .s3(let s3) = search.configuration?.origins[0].kind else { return #expect(Bool(false)) }
        #expect(search.faults == [])
        let sts = HTTPURL("http://127.0.0.1:4")
        #expect(s3.credentials == .found(S3CredentialSearch(source: .profile, profile: "docs", stsEndpoint: sts)))
        #expect(load(bucket("credentials: instance")).faults == [])
        #expect(load(bucket("credentials: container, profile: docs")).faults.places == ["11 origins.docs.s3.profile"])
        let keys = "access_key_id: A, secret_access_key: 'file:s3.secret'"
        #expect(load(bucket("credentials: auto, \(keys)")).faults == [])
        #expect(
            load(bucket("credentials: instance, profile: docs, \(keys)")).faults.places == [
                "11 origins.docs.s3.credentials", "11 origins.docs.s3.profile",
            ])
    }

    @Test func addressingFollowsBucketAndEndpoint() {
        for (bucket, endpoint, expected) in [
            ("abc", "https://s3.example.com", S3Addressing.virtual), ("a.bc", "https://s3.example.com", .path),
            ("abc", "http://127.0.0.1:8333", .path), ("abc", "http://localhost:8333", .path),
            ("abc", "http://[::2]:1", .path),
        ] {
            let text = Sample.replacing(
                "directory: /srv/docs",
                "s3: {bucket: \(bucket), endpoint: '\(endpoint)', access_key_id: a, secret_access_key: b}")
            guard case .s3(let s3) = load(text).configuration?.origins[0].kind else { return #expect(Bool(false)) }
            #expect(s3.addressing == expected && s3.region == "us-east-1")
        }
    }

    @Test func aBucketMayHaveSeveralEndpoints() {
        func bucket(_ endpoint: String) -> S3Settings? {
            let text = Sample.replacing(
                "directory: /srv/docs",
                "s3: {bucket: abc, endpoint: \(endpoint), access_key_id: a, secret_access_key: b}")
            guard case .s3(let s3) = load(text).configuration?.origins[0].kind else { return nil }
            return s3
        }
        let two = bucket("['https://s3.a.test', 'http://s3.b.test:9000']")
        #expect(two?.endpoints.map(\.description) == ["https://s3.a.test", "http://s3.b.test:9000"])
        #expect(two?.addressing == .virtual)
        #expect(bucket("['https://s3.a.test', 'http://127.0.0.1:9000']")?.addressing == .path)
        #expect(bucket("['https://s3.a.test', 'ftp://s3.b.test']") == nil)
    }

    @Test func pathsStartFromTheConfigsDirectory() throws {
        let text = Sample.replacing("127.0.0.1:8080", "unix:./run/web.sock")
        let listener = try #require(load(text).configuration?.listeners[0])
        #expect(listener.address == .unix("/etc/postern/run/web.sock"))
    }

    @Test func everyDefaultHoldsAndEveryExampleToo() {
        for option in OptionTable.options {
            #expect(option.isSecret == option.kindName.contains("secret"), "\(option.path)")
            #expect(option.sentence.hasSuffix("."), "\(option.path)")
            let path = option.path.split(separator: ".").map { $0 == "*" ? "a" : String($0) }
            let last = option.path.hasSuffix(".rules.*") ? "/a" : path[path.count - 1]
            for text in [option.example, option.defaultText].compactMap(\.self) where !text.isEmpty {
                var lines = path.dropLast().enumerated().map { String(repeating: " ", count: $0) + $1 + ":" }
                lines.append(String(repeating: " ", count: path.count) + last + ": " + text)
                #expect(SpellingTests.readings(lines.joined(separator: "\n"), "yaml").count == 1, "\(option.path)")
            }
        }
    }
}
