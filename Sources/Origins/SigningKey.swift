import Cryptography

/// The key of one day, region and service, derived from a secret access key.
struct SigningKey {
    /// Prepared for messages, since deriving it costs four of them.
    let code: HMACSHA256
    /// `20130524/us-east-1/s3/aws4_request`
    let scope: String

    init(secretAccessKey: SecretText, day: String, region: String, service: String) {
        var key = Array("AWS4".utf8) + Array(secretAccessKey.reveal().utf8)
        for part in [day, region, service, "aws4_request"] {
            key = HMACSHA256.authenticate(Array(part.utf8), key: key)
        }
        code = HMACSHA256(key: key)
        scope = "\(day)/\(region)/\(service)/aws4_request"
    }
}
