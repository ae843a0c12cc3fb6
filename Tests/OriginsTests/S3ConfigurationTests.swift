import Origins
import Testing

struct S3ConfigurationTests {
    func path(_ configuration: S3Configuration, _ key: String) -> String? {
        configuration.path(forKey: key).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func amazonIsAddressedByVirtualHost() throws {
        let docs = try S3Configuration(bucket: "docs", region: "eu-central-1")
        #expect(docs.host == "docs.s3.eu-central-1.amazonaws.com")
        #expect(docs.authority == "docs.s3.eu-central-1.amazonaws.com")
        #expect(docs.port == 443 && docs.isSecure)
        #expect(path(docs, "a b") == "/a%20b")
    }

    @Test func pathStylePutsTheBucketIntoThePath() throws {
        let docs = try S3Configuration(
            bucket: "docs", region: "r", endpoint: "http://s3.test:8333/", addressing: .path, prefix: "site")
        #expect(docs.host == "s3.test")
        #expect(docs.authority == "s3.test:8333")
        #expect(path(docs, "a") == "/docs/site/a")
    }

    @Test func aServiceMayLiveUnderAPath() throws {
        let docs = try S3Configuration(
            bucket: "docs", region: "r", endpoint: "https://x.test/storage/v1/s3/", addressing: .path)
        #expect(path(docs, "a") == "/storage/v1/s3/docs/a")
    }

    @Test func aDotInTheNameNeedsPathStyleUnderTLSOnly() throws {
        let secure = try S3Configuration(bucket: "a.b", region: "r", endpoint: "https://s3.test")
        #expect(secure.addressing == .path && secure.authority == "s3.test")
        let plain = try S3Configuration(bucket: "a.b", region: "r", endpoint: "http://s3.test")
        #expect(plain.addressing == .virtual && plain.authority == "a.b.s3.test")
    }

    @Test(arguments: ["http://127.0.0.1:9000", "http://[::1]:9000"])
    func anAddressNeedsPathStyle(_ endpoint: String) throws {
        let configuration = try S3Configuration(bucket: "docs", region: "r", endpoint: endpoint)
        #expect(configuration.addressing == .path)
        #expect("http://" + configuration.authority == endpoint)
    }

    @Test(arguments: ["Docs", "a_b", "-a", "a-"])
    func aNameThatNoHostMayBearNeedsPathStyle(_ bucket: String) throws {
        #expect(try S3Configuration(bucket: bucket, region: "r", endpoint: "http://s3.test").addressing == .path)
    }

    @Test func thePrefixIsAFolder() throws {
        for prefix in ["site", "site/", "/site/", "//site"] {
            let configuration = try S3Configuration(bucket: "b", region: "r", endpoint: "http://h", prefix: prefix)
            #expect(configuration.prefix == "site/")
            #expect(path(configuration, "2/x") == "/site/2/x")
        }
        #expect(try S3Configuration(bucket: "b", region: "r", endpoint: "http://h", prefix: "/").prefix == "")
    }

    @Test func theDefaultPortIsNotPartOfTheHost() throws {
        #expect(
            try S3Configuration(bucket: "b", region: "r", endpoint: "https://h:443", addressing: .path).authority == "h"
        )
        #expect(
            try S3Configuration(bucket: "b", region: "r", endpoint: "http://h:80", addressing: .path).authority == "h")
        #expect(
            try S3Configuration(bucket: "b", region: "r", endpoint: "http://h:443", addressing: .path).authority
                == "h:443")
    }

    @Test func keysOfEveryKindStayBeneathThePrefix() throws {
        let configuration = try S3Configuration(bucket: "b", region: "r", endpoint: "http://h", prefix: "p")
        for key in ["../a", "a/../../b", "/a", "", "a/", "a//b", "a\\b", String(repeating: "a", count: 1023)] {
            #expect(configuration.path(forKey: key) == nil)
        }
        #expect(configuration.path(forKey: String(repeating: "a", count: 1022)) != nil)
    }

    @Test(arguments: [
        "", "h", "ftp://h", "http://", "http://h:0", "http://h:65536", "http://h:x", "http://h:", "http://u@h",
        "http://h?x",
        "http://h/?x", "http://h/#x", "http://h/a/../b", "http://[::1", "http://[h]", "http://a b", "http://h/%zz",
    ])
    func malformedEndpointsAreRefused(_ endpoint: String) {
        #expect(throws: S3ConfigurationError.endpoint) {
            try S3Configuration(bucket: "b", region: "r", endpoint: endpoint)
        }
    }

    @Test func otherMalformedSettingsAreRefused() {
        #expect(throws: S3ConfigurationError.bucket) { try S3Configuration(bucket: "", region: "r") }
        #expect(throws: S3ConfigurationError.bucket) { try S3Configuration(bucket: "a/b", region: "r") }
        #expect(throws: S3ConfigurationError.bucket) { try S3Configuration(bucket: "..", region: "r") }
        #expect(throws: S3ConfigurationError.region) { try S3Configuration(bucket: "b", region: "") }
        #expect(throws: S3ConfigurationError.region) { try S3Configuration(bucket: "b", region: "a/b") }
        #expect(throws: S3ConfigurationError.prefix) { try S3Configuration(bucket: "b", region: "r", prefix: "a/../b") }
    }
}
