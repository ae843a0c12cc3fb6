/// How a site's paths become objects, and objects answers.
package struct ContentSettings: Sendable, Equatable {
    /// A file's name; nil for no index pages.
    package var index: String?
    /// A path such as `/app.html`; nil for none.
    package var fallback: String?
    package var cleanURLs: Bool
    /// A path such as `/404.html`; nil for none.
    package var notFound: String?
    /// A path such as `/403.html`; nil for none.
    package var forbidden: String?
    /// Where objects may send browsers beside the site itself: origins as browsers serialise them.
    package var redirectOrigins: [String]
    /// Codings of files that stand beside the plain ones; none twice.
    package var precompressed: [Precompression]
    /// Whether content is compressed on its way.
    package var compression: Bool
    /// Shorter content is not, in bytes.
    package var compressionMinimum: Int
    /// `Cache-Control` in place of the origin's.
    package var cacheControl: PathMap<String>
    /// Fields that answers have besides the origin's, or in their place.
    package var headers: PathMap<[FieldSetting]>

    package init(
        index: String? = "index.html", fallback: String? = nil, cleanURLs: Bool = false, notFound: String? = nil,
        forbidden: String? = nil, redirectOrigins: [String] = [], precompressed: [Precompression] = [],
        compression: Bool = true, compressionMinimum: Int = 1024, cacheControl: PathMap<String> = PathMap(),
        headers: PathMap<[FieldSetting]> = PathMap()
    ) {
        self.index = index
        self.fallback = fallback
        self.cleanURLs = cleanURLs
        self.notFound = notFound
        self.forbidden = forbidden
        self.redirectOrigins = redirectOrigins
        self.precompressed = precompressed
        self.compression = compression
        self.compressionMinimum = compressionMinimum
        self.cacheControl = cacheControl
        self.headers = headers
    }
}
