import Bytes
import Cryptography
import HTTP

extension FieldName {
    static let xAmzContentSHA256 = FieldName("x-amz-content-sha256")
    static let xAmzDate = FieldName("x-amz-date")
    static let xAmzSecurityToken = FieldName("x-amz-security-token")
    static let xAmzWebsiteRedirectLocation = FieldName("x-amz-website-redirect-location")
    static let xAmzBucketRegion = FieldName("x-amz-bucket-region")
}

/// What is signed, apart from the credentials and the time.
package struct SignableRequest {
    package var method: String
    /// Percent-encoded once, as it is sent.
    package var path: [UInt8]
    /// As `CanonicalRequest.encodeQuery` makes it.
    package var query: [UInt8]
    /// The value of `Host`.
    package var host: String
    /// Further headers, each name once; cheapest when they are sorted by name already. `Host` and the
    /// `x-amz-*` that a signature needs are not among them.
    package var headers: [SignedHeader]
    package var payloadHash: String

    package init(
        method: String, path: [UInt8], query: [UInt8] = [], host: String, headers: [SignedHeader] = [],
        payloadHash: String = RequestSigner.emptyPayloadHash
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.headers = headers
        self.payloadHash = payloadHash
    }
}

/// Signs requests by AWS Signature Version 4, in an `Authorization` header.
///
/// It keeps the day's key and the buffers, and so belongs to one thread. The key is derived anew
/// when the UTC day or the credentials change.
package struct RequestSigner {
    /// SHA-256 of nothing.
    package static let emptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private let region: String
    private let service: String
    private var day: Day?
    private var date = AmzDate(unixSeconds: 0)
    private var dateSeconds: Int64 = 0
    private var canonical = CanonicalRequest()
    private var headers: [SignedHeader] = []
    private var scratch: [UInt8] = []

    /// What stays the same from midnight to midnight, for one set of credentials. A class, so that it is at hand
    /// for one reference counted, not seven.
    private final class Day {
        let credentials: Credentials
        let number: Int
        let code: HMACSHA256
        /// `\n`, the scope, `\n`: what stands in the string to sign between the date and the hash.
        let scopeLine: [UInt8]
        /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=`
        let authorization: [UInt8]
        let sessionToken: SignedHeader?

        init(_ credentials: Credentials, _ date: AmzDate, region: String, service: String) {
            let key = SigningKey(
                secretAccessKey: credentials.secretAccessKey, day: date.day, region: region, service: service)
            let credential = "\(credentials.accessKeyID)/\(key.scope)"
            self.credentials = credentials
            number = date.dayNumber
            code = key.code
            scopeLine = Array("\n\(key.scope)\n".utf8)
            authorization = RequestSigner.algorithm + Array(" Credential=\(credential), SignedHeaders=".utf8)
            sessionToken = credentials.sessionToken.map { token in
                let text = token.reveal()
                let isFolded = !text.utf8.contains { $0 == 0x20 || $0 == 0x09 }
                return SignedHeader(.xAmzSecurityToken, text, isFolded: isFolded)
            }
        }
    }

    package init(region: String, service: String = "s3") {
        self.region = region
        self.service = service
        headers.reserveCapacity(12)
        scratch.reserveCapacity(512)
    }

    /// The canonical request of the last signature: for tests, and for an operator who has to compare.
    package var canonicalRequest: [UInt8] { canonical.bytes }

    /// The fields to send, `Host` aside: the headers that were given, `x-amz-date`,
    /// `x-amz-content-sha256`, `x-amz-security-token` where there is one, and `authorization`.
    package mutating func sign(
        _ request: borrowing SignableRequest, with credentials: Credentials, at unixSeconds: Int64
    ) -> Fields {
        if unixSeconds != dateSeconds {
            date = AmzDate(unixSeconds: unixSeconds)
            dateSeconds = unixSeconds
        }
        let day = currentDay(credentials)
        collectHeaders(request, sessionToken: day.sessionToken)
        canonical.write(
            method: request.method, path: request.path, query: request.query, headers: headers,
            payloadHash: request.payloadHash)

        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: Self.algorithm)
        scratch.append(0x0A)
        scratch.append(contentsOf: date.text.utf8)
        scratch.append(contentsOf: day.scopeLine)
        SHA256.digest(canonical.bytes).appendHex(to: &scratch)
        let signature = day.code.authenticate(scratch)

        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: day.authorization)
        scratch.append(contentsOf: canonical.bytes[canonical.signedHeaders])
        scratch.append(contentsOf: Self.signatureLabel)
        signature.appendHex(to: &scratch)

        var fields = Fields()
        fields.reserve(
            bytes: scratch.count + 256 + (day.sessionToken?.value.utf8.count ?? 0), fields: headers.count + 2)
        for header in headers where header.name != .host { fields.append(header.name, header.value) }
        fields.append(name: Self.authorizationName.span, value: scratch.span)
        return fields
    }

    private mutating func currentDay(_ credentials: Credentials) -> Day {
        if let day, day.credentials === credentials, day.number == date.dayNumber { return day }
        let day = Day(credentials, date, region: region, service: service)
        self.day = day
        return day
    }

    /// All signed headers in the order of their names. Sorting by insertion: they are few, and mostly sorted.
    private mutating func collectHeaders(_ request: borrowing SignableRequest, sessionToken: SignedHeader?) {
        headers.removeAll(keepingCapacity: true)
        headers.append(SignedHeader(.host, request.host, isFolded: true))
        for header in request.headers { insert(header) }
        insert(SignedHeader(.xAmzContentSHA256, request.payloadHash, isFolded: true))
        insert(SignedHeader(.xAmzDate, date.text, isFolded: true))
        if let sessionToken { insert(sessionToken) }
    }

    private mutating func insert(_ header: SignedHeader) {
        var index = headers.count
        while index > 0, header.name.text < headers[index - 1].name.text { index -= 1 }
        headers.insert(header, at: index)
    }

    private static let algorithm = Array("AWS4-HMAC-SHA256".utf8)
    private static let signatureLabel = Array(", Signature=".utf8)
    private static let authorizationName = Array("authorization".utf8)
}
