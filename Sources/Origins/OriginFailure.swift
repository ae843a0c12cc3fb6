import HTTP
import Transport

/// Why an origin refuses Postern. For the log alone: it tells of the bucket, not of the request.
package struct OriginRefusal: Sendable, Equatable {
    /// S3's code (`AccessDenied`, `SignatureDoesNotMatch`, `InvalidAccessKeyId`, …); nil where none
    /// came with it, as for HEAD.
    package var code: String?

    package init(code: String?) { self.code = code }

    /// Whether it may only mean that there is no such object: S3 says so to whoever must not list the bucket.
    package var mayBeMissingObject: Bool { code == nil || code == "AccessDenied" }

    /// Whether other credentials may be had by now where these were.
    package var concernsCredentials: Bool {
        ["ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId"].contains(code)
    }

    /// What an operator should look at.
    package var sentence: String {
        switch code {
        case "AccessDenied", nil:
            "the bucket denies access: its policy does not grant s3:GetObject to these credentials, "
                + "or the object is missing and s3:ListBucket is not granted"
        case "SignatureDoesNotMatch":
            "the bucket rejects the signature: the secret access key is not that of the access key id, "
                + "or a proxy before the bucket changes requests"
        case "InvalidAccessKeyId": "the bucket does not know the access key id"
        case "ExpiredToken": "the session token of the temporary credentials has expired"
        case "InvalidToken", "TokenRefreshRequired": "the bucket does not accept the session token"
        case "AccountProblem", "AllAccessDisabled", "NotSignedUp": "the bucket's account is not in good standing"
        case "InvalidObjectState": "the object is archived, and has to be restored before it can be read"
        case let code?: "the bucket denies access (\(code))"
        }
    }
}

/// Why an origin gave no answer that can be passed on. A closed list: log labels are made of it.
package enum OriginFailure: Error, Sendable, Equatable {
    /// No connection could be made, or it broke before an answer.
    case unreachable(ClientError)
    /// No TLS session: the handshake failed, or the origin's certificate did not hold.
    case insecure(ClientError)
    case timedOut
    /// More requests wait for a connection to the origin than the limit allows.
    case crowded
    /// 503 or 429, also when asked again.
    case overloaded
    /// The answer is not one that HTTP or S3 allows.
    case malformed(Malformation)
    /// 301, 302, 303, 307, 308: another region or endpoint is in charge; the region where it is told.
    case redirected(region: String?)
    case unexpectedStatus(Int, code: String?)
    /// The clocks disagree too much for signatures to hold; the origin's time, in Unix seconds.
    case clockSkew(originTime: Int64?)
    case noSuchBucket
    /// There is nothing to sign with yet.
    case noCredentials
    /// The file system refuses or fails; an errno.
    case fileSystem(Int32)

    /// What is wrong with an answer.
    package enum Malformation: String, Sendable {
        /// The message breaks HTTP/1.1, does not say where it ends, or its head is too large.
        case framing
        /// A 206 or a Content-Range that nobody asked for, that is not what was asked, or does not fit the length.
        case range
        /// A 304, 412 or 416 that nothing in the request accounts for.
        case unaskedStatus = "unasked_status"
    }

    /// A stable name, for logs and metrics.
    package var label: String {
        switch self {
        case .unreachable: "unreachable"
        case .insecure: "insecure"
        case .timedOut: "timed_out"
        case .crowded: "crowded"
        case .overloaded: "overloaded"
        case .malformed(let what): "malformed_\(what.rawValue)"
        case .redirected: "redirected"
        case .unexpectedStatus: "unexpected_status"
        case .clockSkew: "clock_skew"
        case .noSuchBucket: "no_such_bucket"
        case .noCredentials: "no_credentials"
        case .fileSystem: "file_system"
        }
    }

    /// What to answer a client with: 502, 503 or 504.
    package var status: Int {
        switch self {
        case .timedOut: 504
        case .overloaded, .crowded, .noCredentials: 503
        default: 502
        }
    }

    /// One sentence for an operator. It holds nothing of the request, and nothing secret.
    package var sentence: String {
        switch self {
        case .unreachable(let error): "the origin cannot be reached: \(error)"
        case .insecure(let error): "there is no TLS session with the origin: \(error)"
        case .timedOut: "the origin did not answer in time"
        case .crowded: "too many requests wait for a connection to the origin"
        case .overloaded: "the origin is overloaded (503 or 429), also when asked a second time"
        case .malformed(.framing): "the origin's answer breaks HTTP/1.1, or its head is too large"
        case .malformed(.range): "the origin's answer is not the range that was asked for"
        case .malformed(.unaskedStatus): "the origin answered a condition that was not put"
        case .redirected(let region?): "the bucket is in region \(region): set region and endpoint to it"
        case .redirected(nil): "the origin redirects to another region or endpoint: set both to the bucket's own"
        case .unexpectedStatus(let status, nil): "the origin answered \(status)"
        case .unexpectedStatus(let status, let code?): "the origin answered \(status) (\(code))"
        case .clockSkew(let time?): "the clocks differ too much: the origin has \(HTTPDate.format(unixSeconds: time))"
        case .clockSkew(nil): "the clocks of this machine and of the origin differ too much"
        case .noSuchBucket: "the origin has no such bucket"
        case .noCredentials: "there are no credentials to sign requests with"
        case .fileSystem(let number): "the file system answered with error \(number)"
        }
    }
}

extension OriginFailure {
    /// What no answer at all means.
    init(_ error: ClientError) {
        switch error {
        case .unresolved, .unreachable, .disconnected, .upload: self = .unreachable(error)
        case .tls: self = .insecure(error)
        case .connectTimedOut, .timedOut: self = .timedOut
        case .overloaded: self = .crowded
        case .malformed, .incomplete, .tooLarge: self = .malformed(.framing)
        }
    }
}
