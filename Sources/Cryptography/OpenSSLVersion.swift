import COpenSSL

/// The library that is loaded, not the one that this was compiled against.
package enum OpenSSLVersion {
    /// For example `OpenSSL 3.0.22 25 Aug 2026`.
    package static let text = String(cString: OpenSSL_version(OPENSSL_VERSION_STRING_INDEX))

    private static let OPENSSL_VERSION_STRING_INDEX: Int32 = 0
}
