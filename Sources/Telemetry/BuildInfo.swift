/// What runs, and what it is built on: the labels of `postern_build_info`.
package struct BuildInfo: Sendable {
    /// Postern's own.
    package let version: String
    package let swift: String
    package let openSSL: String
    package let nghttp2: String
    package let zlib: String

    package init(version: String, swift: String, openSSL: String, nghttp2: String, zlib: String) {
        self.version = version
        self.swift = swift
        self.openSSL = openSSL
        self.nghttp2 = nghttp2
        self.zlib = zlib
    }

    static let metric = "postern_build_info"
    static let help = "The build that runs, in its labels; always 1."

    var labels: [(String, String)] {
        [("version", version), ("swift", swift), ("openssl", openSSL), ("nghttp2", nghttp2), ("zlib", zlib)]
    }

    /// The labels' names.
    static let labelNames = BuildInfo(version: "", swift: "", openSSL: "", nghttp2: "", zlib: "").labels.map(\.0)
}
