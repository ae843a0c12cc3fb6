import Bytes
import Cryptography
import Foundation
import HTTP
import Origins
import Testing

/// RequestSigner and S3Configuration against botocore: `Vectors/make_sigv4_vectors.py` says how the rows were made.
struct SigV4VectorTests {
    struct File: Decodable {
        struct Identity: Decodable {
            let id: String
            let secret: String
            let token: String?
        }
        struct Row: Decodable {
            let method, endpoint, region, addressing, bucket, prefix, key, date, path, host, canonical,
                signature: String
            let credentials: Int
            let headers: [String: String]
            let payload: String?
            let unix: Int64
        }
        let credentials: [Identity]
        let requests: [Row]
    }

    static func load() throws -> File {
        let url = try #require(Bundle.module.url(forResource: "sigv4", withExtension: "json", subdirectory: "Vectors"))
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
    }

    @Test func everySignatureIsBotocores() throws {
        let file = try Self.load()
        #expect(file.requests.count >= 500)
        let identities = file.credentials.map {
            Credentials(
                accessKeyID: $0.id, secretAccessKey: SecretText($0.secret), sessionToken: $0.token.map(SecretText.init))
        }
        for (index, row) in file.requests.enumerated() {
            let configuration = try S3Configuration(
                bucket: row.bucket, region: row.region, endpoint: row.endpoint,
                addressing: row.addressing == "path" ? .path : .virtual, prefix: row.prefix)
            let path = try #require(configuration.path(forKey: row.key), "row \(index)")
            let pathText = String(decoding: path, as: UTF8.self)
            #expect(
                path.count > 300 ? SHA256.digest(path).hex == row.path : pathText == row.path,
                "row \(index): \(row.key)")
            #expect(configuration.authority == row.host, "row \(index)")

            var signer = RequestSigner(region: row.region)
            let fields = signer.sign(
                SignableRequest(
                    method: row.method, path: path, host: configuration.authority,
                    headers: row.headers.map { SignedHeader(FieldName($0.key), $0.value) },
                    payloadHash: row.payload ?? RequestSigner.emptyPayloadHash),
                with: identities[row.credentials], at: row.unix)
            #expect(
                SHA256.digest(signer.canonicalRequest).hex == row.canonical,
                "row \(index): \(String(decoding: signer.canonicalRequest, as: UTF8.self))")
            let authorization = try #require(fields[.authorization])
            #expect(authorization.hasSuffix("Signature=\(row.signature)"), "row \(index)")
            #expect(fields[FieldName("x-amz-date")] == row.date)
            #expect(fields[FieldName("x-amz-security-token")] == file.credentials[row.credentials].token)
        }
    }

    @Test func oneSignerServesAllRowsInTurnWithoutMixingThem() throws {
        let file = try Self.load()
        let identities = file.credentials.map {
            Credentials(
                accessKeyID: $0.id, secretAccessKey: SecretText($0.secret), sessionToken: $0.token.map(SecretText.init))
        }
        var signer = RequestSigner(region: "garage")
        for row in file.requests where row.region == "garage" {
            let configuration = try S3Configuration(
                bucket: row.bucket, region: row.region, endpoint: row.endpoint,
                addressing: row.addressing == "path" ? .path : .virtual, prefix: row.prefix)
            let fields = signer.sign(
                SignableRequest(
                    method: row.method, path: try #require(configuration.path(forKey: row.key)),
                    host: configuration.authority,
                    headers: row.headers.map { SignedHeader(FieldName($0.key), $0.value) },
                    payloadHash: row.payload ?? RequestSigner.emptyPayloadHash),
                with: identities[row.credentials], at: row.unix)
            #expect(fields[.authorization]?.hasSuffix(row.signature) == true)
        }
    }
}
