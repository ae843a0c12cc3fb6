import COpenSSL
import Glibc
import Synchronization

/// What a certificate's authority says of it (OCSP, RFC 6960), as handshakes carry it to clients that ask for it
/// (RFC 6066 section 8): the question, how an answer is checked, and the last good answer.
///
/// It asks nobody itself. Whoever fetches gives it what came, and all handshakes show it until it expires.
package final class OCSPStaple: @unchecked Sendable {
    /// The largest response that is taken, in bytes: every full handshake carries it.
    package static let largest = 16 << 10
    /// How far a responder's clock may be ahead of ours, in seconds.
    static let clockSkew: Int64 = 300
    /// How long a response without `nextUpdate` is believed, in seconds.
    static let usualLife: Int64 = 3600

    /// Why a response is not shown.
    package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case malformed
        /// The responder answers that it has no answer (RFC 6960 section 4.2.1), in OpenSSL's words.
        case unsuccessful(String)
        case badSignature(String)
        case otherCertificate
        case notYetValid
        case expired
        /// The authority has no such certificate.
        case unknown
        case revoked

        package var description: String {
            switch self {
            case .malformed: "the response is no OCSP response, or is larger than 16 KiB"
            case .unsuccessful(let reason): "the responder gives no answer: \(reason)"
            case .badSignature(let reason): "the response is not signed as it has to be: \(reason)"
            case .otherCertificate: "the response is about another certificate"
            case .notYetValid: "the response is not valid yet; check the clocks of both machines"
            case .expired: "the response has expired"
            case .unknown: "the responder does not know the certificate"
            case .revoked: "the certificate is revoked; request another"
            }
        }
    }

    /// Unix seconds.
    package struct Validity: Sendable, Equatable {
        package let from: Int64
        package let until: Int64
    }

    private struct Response {
        let bytes: [UInt8]
        let validity: Validity
    }

    /// The responder's URL, as the certificate spells it.
    package let responder: String
    /// The question, in DER: what a POST to the responder carries.
    package let request: [UInt8]

    /// Its certificate ID and its issuer, by which answers are checked. Never changed.
    private let id: OpaquePointer
    private let issuer: OpaquePointer
    private let response = Mutex<Response?>(nil)

    /// Nil where the certificate names no responder, or `issuer` has not signed it.
    init?(_ certificate: OpaquePointer, issuer: OpaquePointer) {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard let responder = Self.responder(of: certificate),
            X509_check_issued(issuer, certificate) == X509_V_OK,
            // RFC 5019 section 2.1.1: SHA-1 names the certificate; nothing rests on it.
            let id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer)
        else { return nil }
        guard let request = Self.request(id) else {
            OCSP_CERTID_free(id)
            return nil
        }
        self.responder = responder
        self.request = request
        self.id = id
        X509_up_ref(issuer)
        self.issuer = issuer
    }

    deinit {
        OCSP_CERTID_free(id)
        X509_free(issuer)
    }

    static func responder(of certificate: OpaquePointer) -> String? {
        guard let url = postern_X509_ocsp_responder(certificate) else { return nil }
        defer { postern_OPENSSL_free(url) }
        return String(cString: url)
    }

    /// Without a nonce, so that responders may answer what they have signed before (RFC 5019).
    private static func request(_ id: OpaquePointer) -> [UInt8]? {
        guard let request = OCSP_REQUEST_new(), let copy = OCSP_CERTID_dup(id) else { return nil }
        defer { OCSP_REQUEST_free(request) }
        guard OCSP_request_add0_id(request, copy) != nil else {
            OCSP_CERTID_free(copy)
            return nil
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_OCSP_REQUEST(request, &bytes)
        guard count > 0, let bytes else { return nil }
        defer { postern_OPENSSL_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    // MARK: The answer

    /// How long the response that handshakes carry holds; nil where they carry none.
    package func validity(now: Int64) -> Validity? {
        response.withLock { $0.flatMap { $0.validity.until > now ? $0.validity : nil } }
    }

    /// Takes a response over, or says why not: then the last good one stays until it expires. But one that says that
    /// the certificate is revoked takes the good one away, which must not be shown any longer.
    package func accept(_ bytes: [UInt8], now: Int64) throws(Refusal) -> Validity {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        do throws(Refusal) {
            let validity = try check(bytes, now: now)
            response.withLock { $0 = Response(bytes: bytes, validity: validity) }
            return validity
        } catch {
            if error == .revoked { response.withLock { $0 = nil } }
            throw error
        }
    }

    private func check(_ bytes: [UInt8], now: Int64) throws(Refusal) -> Validity {
        guard bytes.count <= Self.largest, let answer = Self.parse(bytes) else { throw .malformed }
        defer { OCSP_RESPONSE_free(answer) }
        let status = OCSP_response_status(answer)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            throw .unsuccessful(String(cString: OCSP_response_status_str(Int(status))))
        }
        guard let basic = OCSP_response_get1_basic(answer) else { throw .malformed }
        defer { OCSP_BASICRESP_free(basic) }
        guard postern_OCSP_verify(basic, issuer) == 1 else { throw .badSignature(OpenSSLErrors.takeReason()) }
        var standing: Int32 = 0
        var from: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var until: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        guard OCSP_resp_find_status(basic, id, &standing, nil, nil, &from, &until) == 1 else {
            throw .otherCertificate
        }
        guard let start = Self.seconds(from) else { throw .malformed }
        let end = until == nil ? start + Self.usualLife : Self.seconds(until)
        guard let end, end > start else { throw .malformed }
        guard start <= now + Self.clockSkew else { throw .notYetValid }
        guard end > now else { throw .expired }
        switch standing {
        case V_OCSP_CERTSTATUS_GOOD: return Validity(from: start, until: end)
        case V_OCSP_CERTSTATUS_REVOKED: throw .revoked
        default: throw .unknown
        }
    }

    /// The response, if the bytes are one and nothing else.
    private static func parse(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            guard let answer = d2i_OCSP_RESPONSE(nil, &position, buffer.count) else { return nil }
            guard position == buffer.baseAddress! + buffer.count else {
                OCSP_RESPONSE_free(answer)
                return nil
            }
            return answer
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_GENERALIZEDTIME>?) -> Int64? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Int64(timegm(&parts))
    }

    // MARK: Handshakes

    /// `context` must not outlive the staple.
    func install(in context: OpaquePointer) {
        postern_SSL_CTX_set_status_callback(
            context,
            { ssl, argument in
                guard let ssl, let argument else { return SSL_TLSEXT_ERR_NOACK }
                let staple = Unmanaged<OCSPStaple>.fromOpaque(argument).takeUnretainedValue()
                return staple.response.withLock { response in
                    guard let response, response.validity.until > Int64(time(nil)),
                        postern_SSL_staple(ssl, response.bytes, response.bytes.count) == 1
                    else { return SSL_TLSEXT_ERR_NOACK }
                    return SSL_TLSEXT_ERR_OK
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
