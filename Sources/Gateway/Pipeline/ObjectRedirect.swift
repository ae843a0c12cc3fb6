import HTTP

/// Where an object may send browsers in its place (`x-amz-website-redirect-location`): who can write to a bucket is not
/// who runs the site. Pure.
enum ObjectRedirect {
    /// - Parameters:
    ///   - base: scheme and host of the site itself.
    ///   - reservedPrefix: the site's auth path, where no object leads.
    ///   - origins: others that the site names.
    /// - Returns: what to put into `Location`; nil where the object leads elsewhere.
    static func location(_ value: String, base: String, reservedPrefix: String, origins: [String]) -> String? {
        if let path = ReturnTarget.validated(value, reservedPrefix: reservedPrefix) { return path }
        if let path = path(of: value, at: base) {
            return ReturnTarget.validated(path, reservedPrefix: reservedPrefix)
        }
        for origin in origins {
            if let path = path(of: value, at: origin), ReturnTarget.validated(path, reservedPrefix: "") != nil {
                return origin + path
            }
        }
        return nil
    }

    /// What stands behind the origin: `/`, where that is nothing.
    private static func path(of value: String, at origin: String) -> String? {
        guard value.hasPrefix(origin) else { return nil }
        let rest = String(value.dropFirst(origin.count))
        return rest.isEmpty ? "/" : rest.hasPrefix("/") ? rest : nil
    }
}
