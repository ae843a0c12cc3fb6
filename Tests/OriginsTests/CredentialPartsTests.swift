import Cryptography
import Origins
import Testing

/// What credentials are read from, and when they are loaded again.
@Suite struct CredentialPartsTests {
    @Test func profilesAreReadAsTheSDKsDo() {
        let config = """
            # a comment
            [default]
            region = eu-west-1
            [profile docs]  ; behind
            Role_ARN = arn:x   # a comment
            key=with#hash;and=more
            s3 =
              addressing_style = path
            empty =
            no setting
            [profile "two words"]
            a = 1
            [docs]
            a = not a profile of this file
            [services x]
            a = 2
            [profile docs]
            later = yes
            """
        let credentials = "[docs]\r\naws_access_key_id = A\r\nkey = from here\r\n[default]\r\n"
        #expect(
            SharedProfiles(config: config, credentials: credentials).profiles == [
                "default": ["region": "eu-west-1"],
                "docs": [
                    "role_arn": "arn:x", "key": "from here", "s3": "", "empty": "", "later": "yes",
                    "aws_access_key_id": "A",
                ],
                "two words": ["a": "1"],
            ])
        for text in ["[", "[]", "]", "=", "[x]\n=1", "\u{0}", "[profile]\na=1", "a=1"] {
            let profiles = SharedProfiles(config: text, credentials: "").profiles
            #expect(profiles.values.allSatisfy { $0.isEmpty }, "\(text)")
        }
    }

    @Test func credentialsEndWhenTheirDocumentSays() throws {
        func end(_ text: String) -> Int64? {
            let body = #"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"\#(text)"}"#
            return (try? CredentialDocument.read(Array(body.utf8), now: 0))?.expiresAt
        }
        #expect(end("1970-01-02T00:00:01Z") == 86401)
        #expect(end("2026-11-23T17:38:00Z") == 1_795_455_480)
        #expect(end("2026-11-23T17:38:00.999999Z") == 1_795_455_480)
        #expect(end("2026-11-23T18:38:00+01:00") == 1_795_455_480)
        #expect(end("2026-11-23T12:08:00-05:30") == 1_795_455_480)
        #expect(end("2028-02-29T00:00:00Z") == 1_835_395_200)
        for text in [
            "2027-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23 17:38:00Z",
            "2026-11-23T17:38:00", "2026-11-23T17:38:00.Z", "2026-11-23T17:38:00+25:00", "2026-11-23T17:38:00ZZ",
            "1795455480", "",
        ] {
            #expect(end(text) == nil, "\(text)")
        }
    }

    @Test func onlyPlainElementsAreReadOfSTS() throws {
        func read(_ inner: String, before: String = "", after: String = "") -> Credentials? {
            try? STSDocument.read(Array("\(before)<Credentials>\(inner)</Credentials>\(after)".utf8), now: 0)
        }
        let good =
            "<AccessKeyId>A</AccessKeyId>\n<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            + "<Expiration>2026-11-23T17:38:00Z</Expiration>"
        #expect(read(good)?.accessKeyID == "A")
        #expect(read(good + "<More>x</More>")?.accessKeyID == "A")
        for bad in [
            good + "<AccessKeyId>B</AccessKeyId>", good + "x", good + "<a b='c'>x</a>", good + "<!-- x -->",
            good + "<![CDATA[x]]>", good + "<More/>", good + "<More>x</Less>", good + "<More><A>x</A></More>",
            good.replacing("<AccessKeyId>A<", with: "<AccessKeyId>A&amp;B<"), good + "<More>x", "",
        ] {
            #expect(read(bad) == nil, "\(bad)")
        }
        #expect(read(good, after: "<Credentials>\(good)</Credentials>") == nil)
        #expect(read(good, before: String(repeating: " ", count: STSDocument.maximumLength)) == nil)
    }

    @Test func credentialsAreRenewedWellBeforeTheyEnd() {
        var schedule = RefreshSchedule()
        func pause(_ left: Int64?, _ source: CredentialSource = .instance, random: UInt64 = 0) -> Int64? {
            schedule.succeeded(from: source, expiresAt: left.map { 1000 + $0 }, now: 1000, random: random)
        }
        #expect(pause(6 * 3600) == 20400)
        #expect(pause(3600) == 2400 && pause(2400) == 1200 && pause(900) == 450 && pause(10) == 5)
        #expect(pause(1) == 1 && pause(0) == 1 && pause(-5) == 1)
        #expect(pause(nil, .profile) == 60 && pause(nil, .environment) == nil)
        // By chance up to a tenth sooner, and five minutes at most.
        #expect(Set((0..<1000).compactMap { pause(3600, random: $0) }) == Set(2160...2400))
        #expect((0..<1000).compactMap { pause(86400, random: $0) }.min() == 84900)
    }

    @Test func whatFailsIsTriedAgainLessAndLessOften() {
        var schedule = RefreshSchedule()
        #expect((0..<9).map { _ in schedule.failed(random: 0) } == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(schedule.failed(random: 15) == 45)
        _ = schedule.succeeded(from: .instance, expiresAt: nil, now: 0, random: 0)
        #expect(schedule.failed(random: 0) == 1)
    }

    @Test func whatIsReadOfBrokenTextCanBeSignedWith() {
        let profiles = "[default]\naws_access_key_id = A\n[profile \"b c\"] # x\nRole_arn=r ; y\n  nested = 1\n"
        let seeds = [ServiceAnswer.document, ServiceAnswer.sts, profiles].map { Array($0.utf8) }
        var random = SystemRandomNumberGenerator()
        for round in 0..<6000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                }
            }
            let documents = [try? CredentialDocument.read(bytes, now: 0), try? STSDocument.read(bytes, now: 0)]
            for credentials in documents.compactMap(\.self) {
                let texts = [credentials.accessKeyID, credentials.sessionToken?.reveal() ?? ""]
                #expect(texts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
                #expect(!credentials.accessKeyID.contains("/") && (credentials.expiresAt ?? 0) > 0)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let read = SharedProfiles(config: text, credentials: text).profiles
            #expect(read.values.allSatisfy { $0.keys.allSatisfy { !$0.isEmpty && $0 == $0.lowercased() } })
        }
    }

    @Test func credentialsShowNothingOfThemselves() {
        let credentials = Credentials(checking: "AKIA", secretAccessKey: "very-secret", sessionToken: "also-secret")!
        #expect(!"\(credentials) \(String(reflecting: credentials))".contains("secret-"))
        #expect(!"\(credentials)".contains("very"))
    }
}
