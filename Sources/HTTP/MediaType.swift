/// The media type of a file by its extension, for what static sites are made of.
package enum MediaType {
    package static let unknown = "application/octet-stream"

    /// - Parameter path: a path or a name; the extension is what stands behind the last dot of its last segment.
    package static func forPath(_ path: String) -> String {
        let bytes = path.utf8
        guard let dot = bytes.lastIndex(of: 0x2E), bytes.distance(from: dot, to: bytes.endIndex) <= 16 else {
            return unknown
        }
        let suffix = bytes[bytes.index(after: dot)...]
        guard !suffix.contains(0x2F), let text = String(suffix) else { return unknown }
        return table[text.lowercased()] ?? unknown
    }

    /// Whether what bears this name is a part of pages, by its extension: a script, a style sheet, a font, a picture,
    /// sound, a film.
    package static func isPartOfPages(_ path: String) -> Bool {
        let type = forPath(path).prefix { $0 != ";" }
        return partTypes.contains(String(type)) || partFamilies.contains { type.hasPrefix($0) }
    }

    private static let partTypes: Set<String> = ["text/javascript", "text/css", "text/vtt", "application/wasm"]
    private static let partFamilies = ["font/", "image/", "audio/", "video/", "model/"]

    /// Whether a browser shows content of this type as a page.
    package static func isPage(_ type: String) -> Bool {
        let bytes = type.utf8.span
        var end = 0
        while end < bytes.count, bytes[end] != 0x3B, !ByteClass.isBlank(bytes[end]) { end += 1 }
        return bytes.extracting(0..<end).spells("text/html")
            || bytes.extracting(0..<end).spells("application/xhtml+xml")
    }

    /// Whether content of this type grows much smaller when compressed: text of all kinds, and what is not compressed in
    /// itself as most pictures, fonts and films are. Not a stream of events, which must not be held up.
    package static func isCompressible(_ type: String) -> Bool {
        // In place: every answer is asked this.
        let bytes = type.utf8.span
        var end = 0
        while end < bytes.count, bytes[end] != 0x3B, !ByteClass.isBlank(bytes[end]) { end += 1 }
        let essence = bytes.extracting(0..<end)
        if end > 5, essence.extracting(0..<5).spells("text/") { return !essence.spells("text/event-stream") }
        if end > 5, essence.extracting(end - 5..<end).spells("+json") { return true }
        if end > 4, essence.extracting(end - 4..<end).spells("+xml") { return true }
        for name in compressibleTypes where essence.spells(name) { return true }
        return false
    }

    private static let compressibleTypes = [
        "application/json", "application/javascript", "application/x-javascript", "application/ecmascript",
        "application/xml", "application/x-ndjson", "application/toml", "application/yaml", "application/x-yaml",
        "application/wasm", "application/rtf", "application/postscript", "application/vnd.apple.mpegurl",
        "application/vnd.ms-fontobject", "font/ttf", "font/otf", "font/collection", "image/bmp",
        "image/vnd.microsoft.icon", "image/x-icon", "model/stl", "model/gltf-binary",
    ]

    private static let table: [String: String] = {
        var table: [String: String] = [:]
        for (type, extensions) in groups {
            for name in extensions.split(separator: " ") { table[String(name)] = type }
        }
        return table
    }()

    private static let groups: [(String, String)] = [
        ("text/html; charset=utf-8", "html htm shtml"),
        ("text/css; charset=utf-8", "css"),
        ("text/javascript; charset=utf-8", "js mjs cjs"),
        ("text/plain; charset=utf-8", "txt text log conf ini cfg diff patch asc"),
        ("text/markdown; charset=utf-8", "md markdown"),
        ("text/csv; charset=utf-8", "csv"),
        ("text/tab-separated-values; charset=utf-8", "tsv"),
        ("text/calendar; charset=utf-8", "ics"),
        ("text/vcard; charset=utf-8", "vcf"),
        ("text/vtt; charset=utf-8", "vtt"),
        ("text/xml; charset=utf-8", "xml xsl xslt"),
        ("text/x-component; charset=utf-8", "htc"),
        ("text/yaml; charset=utf-8", "yaml yml"),
        ("application/xhtml+xml; charset=utf-8", "xhtml"),
        ("application/json; charset=utf-8", "json map"),
        ("application/ld+json; charset=utf-8", "jsonld"),
        ("application/geo+json; charset=utf-8", "geojson"),
        ("application/manifest+json; charset=utf-8", "webmanifest"),
        ("application/atom+xml; charset=utf-8", "atom"),
        ("application/rss+xml; charset=utf-8", "rss"),
        ("application/toml; charset=utf-8", "toml"),
        ("application/wasm", "wasm"),
        ("application/pdf", "pdf"),
        ("application/postscript", "ps eps ai"),
        ("application/rtf", "rtf"),
        ("application/epub+zip", "epub"),
        ("application/msword", "doc dot"),
        ("application/vnd.ms-excel", "xls"),
        ("application/vnd.ms-powerpoint", "ppt"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("application/vnd.oasis.opendocument.presentation", "odp"),
        ("application/vnd.ms-fontobject", "eot"),
        ("application/zip", "zip"),
        ("application/gzip", "gz tgz"),
        ("application/x-bzip2", "bz2"),
        ("application/x-xz", "xz"),
        ("application/zstd", "zst"),
        ("application/x-7z-compressed", "7z"),
        ("application/vnd.rar", "rar"),
        ("application/x-tar", "tar"),
        ("application/java-archive", "jar war ear"),
        ("application/vnd.debian.binary-package", "deb"),
        ("application/x-rpm", "rpm"),
        ("application/vnd.android.package-archive", "apk"),
        ("application/x-apple-diskimage", "dmg"),
        ("application/x-iso9660-image", "iso"),
        ("application/vnd.sqlite3", "sqlite sqlite3"),
        ("application/vnd.apache.parquet", "parquet"),
        ("application/x-x509-ca-cert", "crt der"),
        ("application/x-pem-file", "pem"),
        ("application/vnd.apple.mpegurl", "m3u8"),
        ("application/dash+xml", "mpd"),
        ("font/woff", "woff"),
        ("font/woff2", "woff2"),
        ("font/ttf", "ttf"),
        ("font/otf", "otf"),
        ("font/collection", "ttc"),
        ("image/svg+xml", "svg svgz"),
        ("image/png", "png"),
        ("image/apng", "apng"),
        ("image/jpeg", "jpg jpeg jpe"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
        ("image/avif", "avif"),
        ("image/heic", "heic"),
        ("image/jxl", "jxl"),
        ("image/bmp", "bmp"),
        ("image/tiff", "tif tiff"),
        ("image/vnd.microsoft.icon", "ico"),
        ("audio/mpeg", "mp3"),
        ("audio/mp4", "m4a"),
        ("audio/aac", "aac"),
        ("audio/ogg", "ogg oga opus"),
        ("audio/flac", "flac"),
        ("audio/wav", "wav"),
        ("audio/webm", "weba"),
        ("audio/midi", "mid midi"),
        ("video/mp4", "mp4 m4v"),
        ("video/webm", "webm"),
        ("video/ogg", "ogv"),
        ("video/quicktime", "mov"),
        ("video/mpeg", "mpg mpeg"),
        ("video/mp2t", "ts m2ts"),
        ("video/x-msvideo", "avi"),
        ("video/x-matroska", "mkv"),
        ("video/3gpp", "3gp"),
        ("model/gltf+json", "gltf"),
        ("model/gltf-binary", "glb"),
        ("model/stl", "stl"),
    ]
}
