import COpenSSL
import Glibc

/// A server's certificate with the certificates that signed it (leaf first), and its private key, both as PEM text.
package struct TLSCertificate: Sendable {
    package let chainPEM: [UInt8]
    package let keyPEM: [UInt8]

    package init(chainPEM: [UInt8], keyPEM: [UInt8]) {
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }
}

/// What a certificate says about itself, for logs and for a check of the configuration.
package struct TLSCertificateSummary: Sendable, Equatable {
    /// The dNSNames of its subjectAltName, lower-case.
    package let names: [String]
    /// Unix seconds.
    package let notBefore: Int64
    package let notAfter: Int64
    /// Where its authority says whether it is revoked (OCSP); nil where it names none.
    package let responder: String?
    /// Clients are to take it with an OCSP response alone (RFC 7633).
    package let mustStaple: Bool
}

/// Certificates read from PEM; owns them.
final class CertificateList {
    let certificates: [OpaquePointer]

    private init(_ certificates: [OpaquePointer]) { self.certificates = certificates }

    deinit {
        for certificate in certificates { X509_free(certificate) }
    }

    /// Every certificate of `pem`; other blocks (a key, parameters) are passed over. Nil with the reason where there
    /// is none, or where one is broken.
    static func read(_ pem: [UInt8]) -> (list: CertificateList?, reason: String) {
        OpenSSLErrors.clear()
        guard let bio = PEMText.open(pem) else { return (nil, "it is too large") }
        defer { BIO_free(bio) }
        var found: [OpaquePointer] = []
        while let certificate = PEM_read_bio_X509(bio, nil, { _, _, _, note in PEMText.refusePassword(note) }, nil) {
            found.append(certificate)
        }
        let list = CertificateList(found)
        let last = ERR_peek_last_error()
        let reachedEnd = postern_ERR_get_lib(last) == ERR_LIB_PEM && postern_ERR_get_reason(last) == PEM_R_NO_START_LINE
        OpenSSLErrors.clear()
        if !reachedEnd { return (nil, "a certificate in it is broken (\(OpenSSLErrors.reason(last)))") }
        if found.isEmpty { return (nil, "there is no BEGIN CERTIFICATE block in it") }
        return (list, "")
    }

    static func summary(_ certificate: OpaquePointer) -> TLSCertificateSummary {
        var names: [String] = []
        if let alternatives = postern_X509_get_alternative_names(certificate) {
            for index in 0..<postern_alternative_name_count(alternatives) {
                var length: Int32 = 0
                guard let bytes = postern_alternative_dns_name(alternatives, index, &length) else { continue }
                names.append(DNSName.lowercased(UnsafeBufferPointer(start: bytes, count: Int(length))))
            }
            GENERAL_NAMES_free(alternatives)
        }
        var start = tm()
        var end = tm()
        let hasTimes =
            postern_X509_not_before(certificate, &start) == 1 && postern_X509_not_after(certificate, &end) == 1
        return TLSCertificateSummary(
            names: names, notBefore: hasTimes ? Int64(timegm(&start)) : 0, notAfter: hasTimes ? Int64(timegm(&end)) : 0,
            responder: OCSPStaple.responder(of: certificate), mustStaple: postern_X509_must_staple(certificate) == 1)
    }
}

/// A private key read from PEM; owns it.
final class PrivateKey {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    static func read(_ pem: [UInt8]) throws(TLSError) -> PrivateKey {
        OpenSSLErrors.clear()
        guard let bio = PEMText.open(pem) else {
            throw TLSError(.keyUnreadable, "the private key's file is too large to be one")
        }
        defer { BIO_free(bio) }
        var asked = false
        let key = withUnsafeMutablePointer(to: &asked) { asked in
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, note in PEMText.refusePassword(note) }, asked)
        }
        if let key { return PrivateKey(key) }
        if asked {
            OpenSSLErrors.clear()
            throw TLSError(
                .keyEncrypted,
                "the private key is encrypted with a passphrase; decrypt it with `openssl pkey -in KEY -out NEW_KEY`")
        }
        throw TLSError(
            .keyUnreadable,
            "the private key cannot be read (\(OpenSSLErrors.takeReason())); it must be PEM with a BEGIN PRIVATE KEY, "
                + "BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY block")
    }
}

enum PEMText {
    /// A BIO over a copy of `pem`.
    static func open(_ pem: [UInt8]) -> OpaquePointer? {
        guard pem.count <= 16 << 20, let bio = BIO_new(BIO_s_mem()) else { return nil }
        pem.withUnsafeBytes { bytes in _ = BIO_write(bio, bytes.baseAddress, Int32(bytes.count)) }
        return bio
    }

    /// Asks nobody for a passphrase; notes in the Bool behind `note`, where there is one, that one was wanted.
    static func refusePassword(_ note: UnsafeMutableRawPointer?) -> Int32 {
        note?.assumingMemoryBound(to: Bool.self).pointee = true
        return -1
    }
}

enum DNSName {
    static func lowercased(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
