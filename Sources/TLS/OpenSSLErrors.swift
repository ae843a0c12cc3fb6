import COpenSSL

/// OpenSSL's error queue of this thread, read as text or as a `TLSError`.
enum OpenSSLErrors {
    static func clear() { ERR_clear_error() }

    /// The reason at the front of the queue, such as `no start line`; the queue is emptied.
    static func takeReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        return reason(code)
    }

    static func reason(_ code: UInt) -> String {
        guard code != 0 else { return "unknown reason" }
        guard let text = ERR_reason_error_string(code) else { return "error \(String(code, radix: 16))" }
        return String(cString: text)
    }

    /// What ended a session: the front of the queue, told in words; the queue is emptied.
    static func takeSessionFailure() -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        let reason = postern_ERR_get_reason(code)
        guard postern_ERR_get_lib(code) == ERR_LIB_SSL else {
            return TLSError(.protocolViolation, "the TLS record or message was refused: \(self.reason(code))")
        }
        switch reason {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return TLSError(.truncated, "the peer closed the connection without ending the TLS session")
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return TLSError(.notTLS, "the peer spoke plain HTTP where TLS was expected")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNSUPPORTED_SSL_VERSION, SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
            return TLSError(.notTLS, "the peer did not speak TLS 1.2 or 1.3 (\(self.reason(code)))")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return TLSError(.noCommonVersion, "the two sides share no TLS version (\(self.reason(code)))")
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SHARED_GROUPS:
            return TLSError(
                .noCommonCipher, "the two sides share no cipher, group or signature algorithm (\(self.reason(code)))")
        case SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
            return TLSError(.noCommonProtocol, "the two sides share no application protocol (ALPN)")
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSError(.certificateMissing, "the client showed no certificate, and needs one")
        case 1000..<1256:
            return TLSError(
                .peerAlert, "the peer ended the TLS session with an alert: \(alertName(UInt8(reason - 1000)))")
        default:
            return TLSError(.protocolViolation, "the TLS exchange failed: \(self.reason(code))")
        }
    }

    /// RFC 8446 section 6: the alert's name, such as `unknown CA`.
    private static func alertName(_ number: UInt8) -> String {
        String(cString: SSL_alert_desc_string_long(Int32(number)))
    }

    /// RFC 5280 path validation as OpenSSL tells it (`X509_V_ERR_*`).
    static func certificateFailure(_ result: Int, host: String) -> TLSError {
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return TLSError(.certificateExpired, "the certificate of \(host), or one that signed it, has expired")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TLSError(
                .certificateNotYetValid,
                "the certificate of \(host) is not valid yet; check the clocks of both machines")
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TLSError(.certificateWrongHost, "the certificate that the server showed is not for \(host)")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return TLSError(
                .certificateSelfSigned,
                "the certificate of \(host) is self-signed and not trusted; name it, or the authority that should have "
                    + "signed it, as CA file")
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return TLSError(
                .certificateUnknownAuthority,
                "the certificate of \(host) was signed by an authority that this machine does not know; name the "
                    + "authority's certificate as CA file, or let the other side send its intermediate certificates")
        default:
            let reason = String(cString: X509_verify_cert_error_string(result))
            return TLSError(.certificateUntrusted, "the certificate of \(host) is not trusted: \(reason)")
        }
    }
}
