import Cryptography
import HTTP
import Origins
import Testing

/// The examples that Amazon's documentation of Signature Version 4 for S3 works through.
struct RequestSignerTests {
    let example = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: SecretText("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    let may24 = Int64(1_369_353_600)

    func signature(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], headers: [SignedHeader] = [],
        payloadHash: String = RequestSigner.emptyPayloadHash
    ) -> String {
        var signer = RequestSigner(region: "us-east-1")
        let fields = signer.sign(
            SignableRequest(
                method: method, path: Array(path.utf8), query: CanonicalRequest.encodeQuery(query),
                host: "examplebucket.s3.amazonaws.com", headers: headers, payloadHash: payloadHash),
            with: example, at: may24)
        return String(fields[.authorization]?.suffix(64) ?? "")
    }

    @Test func getWithRange() {
        #expect(
            signature("GET", "/test.txt", headers: [SignedHeader(.range, "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func putWithEncodedPath() {
        #expect(
            signature(
                "PUT", "/test%24file.text",
                headers: [
                    SignedHeader(.date, "Fri, 24 May 2013 00:00:00 GMT"),
                    SignedHeader(FieldName("x-amz-storage-class"), "REDUCED_REDUNDANCY"),
                ],
                payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func queryWithoutValue() {
        #expect(
            signature("GET", "/", query: [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func queryIsSorted() {
        #expect(
            signature("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func queryIsEncodedThenSorted() {
        let query = CanonicalRequest.encodeQuery([("b/", "x y"), ("a", "2"), ("a", "1"), ("a-", "é"), ("A", "+")])
        #expect(String(decoding: query, as: UTF8.self) == "A=%2B&a=1&a=2&a-=%C3%A9&b%2F=x%20y")
    }

    @Test func authorizationNamesItsScopeAndHeaders() {
        var signer = RequestSigner(region: "us-east-1")
        let fields = signer.sign(
            SignableRequest(
                method: "GET", path: Array("/test.txt".utf8), host: "examplebucket.s3.amazonaws.com",
                headers: [SignedHeader(.range, "bytes=0-9")]),
            with: example, at: may24)
        #expect(
            fields[.authorization]
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(fields[.range] == "bytes=0-9")
        #expect(!fields.contains(.host))
    }

    @Test func theKeyRollsOverAtMidnightAndBack() {
        let request = SignableRequest(method: "GET", path: Array("/a".utf8), host: "h")
        func fresh(_ time: Int64) -> String? {
            var signer = RequestSigner(region: "us-east-1")
            return signer.sign(request, with: example, at: time)[.authorization]
        }
        var signer = RequestSigner(region: "us-east-1")
        for time in [may24 - 1, may24, may24 + 86_399, may24 + 86_400, may24 - 1] {
            #expect(signer.sign(request, with: example, at: time)[.authorization] == fresh(time))
        }
        #expect(fresh(may24 - 1)?.contains("/20130523/") == true)
    }

    @Test func newCredentialsTakeEffectAtOnce() {
        let request = SignableRequest(method: "GET", path: Array("/a".utf8), host: "h")
        var signer = RequestSigner(region: "us-east-1")
        let first = signer.sign(request, with: example, at: may24)[.authorization]
        let other = Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: SecretText("other"), sessionToken: SecretText("t"))
        let second = signer.sign(request, with: other, at: may24)
        #expect(first != second[.authorization])
        #expect(second[FieldName("x-amz-security-token")] == "t")
        #expect(signer.sign(request, with: example, at: may24)[.authorization] == first)
    }

    @Test func credentialsPrintNothing() {
        #expect("\(example) \(String(reflecting: example))".contains("wJalr") == false)
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (4_107_542_399, "21000228T235959Z"),
        (4_107_542_400, "21000301T000000Z"), (2_147_483_648, "20380119T031408Z"), (-1, "19691231T235959Z"),
    ])
    func datesAreUTC(_ seconds: Int64, _ text: String) {
        let date = AmzDate(unixSeconds: seconds)
        #expect(date.text == text)
        #expect(date.day == String(text.prefix(8)))
    }
}
