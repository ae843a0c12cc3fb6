import COpenSSL

/// The library that is loaded, not the one that this was compiled against.
package enum OpenSSLVersion {
    /// For example `OpenSSL 3.0.22 25 Aug 2026`.
    package static let text = String(cString: OpenSSL_version(fullVersion))

    /// `OPENSSL_VERSION`, which OpenSSL_version takes for "all of it".
    private static let fullVersion: Int32 = 0
}
