import Cryptography
import Origins
import Testing

/// The shared suite before a real S3 server, and what such a server alone can refuse.
@Suite(
    .serialized,
    .enabled(if: S3Server.isWanted, "POSTERN_TEST_WEED names the executable of SeaweedFS, POSTERN_TEST_S3 a server"))
struct S3OriginSuiteTests {
    @Test(arguments: OriginSuite.cases)
    func pathStylePasses(_ test: OriginSuite) throws {
        try test.run(S3Server.shared.get().rig())
    }

    @Test(arguments: OriginSuite.cases)
    func virtualHostsPass(_ test: OriginSuite) throws {
        let server = try S3Server.shared.get()
        try test.run(server.rig(endpoint: "http://s3.test:\(server.port)"))
    }

    @Test func aWrongSecretIsDenied() throws {
        let server = try S3Server.shared.get()
        let wrong = Credentials(
            accessKeyID: server.credentials.accessKeyID, secretAccessKey: SecretText("not the secret"))
        guard
            case .denied(OriginRefusal(code: "SignatureDoesNotMatch")) = try server.rig(credentials: wrong).fetch(
                "letters.txt")
        else {
            Issue.record("another outcome")
            return
        }
    }

    @Test func anUnknownKeyIsDenied() throws {
        let wrong = Credentials(accessKeyID: "AKIDUNKNOWN000000001", secretAccessKey: SecretText("x"))
        guard
            case .denied(OriginRefusal(code: "InvalidAccessKeyId")) = try S3Server.shared.get().rig(credentials: wrong)
                .fetch("letters.txt")
        else {
            Issue.record("another outcome")
            return
        }
    }

    @Test func aBucketThatIsNotThereIsNamedAsTheCause() throws {
        guard case .failed(.noSuchBucket) = try S3Server.shared.get().rig(bucket: "nothing").fetch("letters.txt") else {
            Issue.record("another outcome")
            return
        }
    }

    @Test func thePrefixIsInFrontOfEveryKey() throws {
        let rig = try S3Server.shared.get().rig(prefix: "")
        #expect(try rig.object(S3Server.prefix + "letters.txt").body == OriginSuite.alphabet)
        guard case .notFound = rig.fetch("letters.txt") else {
            Issue.record("found")
            return
        }
    }
}
