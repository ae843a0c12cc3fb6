/// Which other origins' scripts may read a site's answers (Cross-Origin Resource Sharing, the Fetch standard's section
/// 3.2). An origin is listed, byte for byte, or it is told nothing: none is ever reflected, and there is no `*`.
package struct CrossOriginPolicy: Sendable, Equatable {
    /// As browsers serialise them: `https://app.example.com`, with a port only where it is not the scheme's own.
    private let origins: Set<String>

    package init(origins: [String]) {
        self.origins = Set(origins)
    }

    package var isEmpty: Bool { origins.isEmpty }

    /// Says to whom the answer may be shown, and that it depends on who asks: a cache must not show one origin what
    /// was meant for another.
    package func mark(_ answer: inout Fields, for request: Request) {
        guard !isEmpty else { return }
        answer.append(.vary, "Origin")
        guard let origin = listedOrigin(request.fields) else { return }
        answer.append(.accessControlAllowOrigin, origin)
        answer.append(.accessControlAllowCredentials, "true")
        if request.method != .options { answer.append(.accessControlExposeHeaders, Self.exposedFields) }
    }

    /// The answer to a preflight request of a listed origin; nil for any other request, which then is an `OPTIONS` like
    /// another. It is one answer for all paths of a kind, for nobody has said yet who asks.
    /// - Parameter methods: what may be asked for.
    package func preflight(_ request: Request, methods: String = "GET, HEAD") -> Response? {
        guard request.method == .options, request.fields.contains(.accessControlRequestMethod),
            listedOrigin(request.fields) != nil
        else { return nil }
        return Response(
            status: 204,
            fields: [
                .accessControlAllowMethods: methods, .accessControlAllowHeaders: Self.acceptedFields,
                .accessControlMaxAge: "\(Self.preflightLifetime)", .cacheControl: "no-store",
            ])
    }

    /// Whether a request that a browser sends with its cookies comes from the site itself or from a listed origin, or asks
    /// for nothing that could do harm: else somebody else's page may have made it (cross-site request forgery).
    ///
    /// Fetch Metadata decides where it is sent; `Origin` where it is not, by its host alone, for what is before this
    /// program may speak another scheme. What sends neither is no browser of these days.
    /// - Parameter authority: the site's as the client sees it.
    package func admitsEffect(of request: Request, on authority: String) -> Bool {
        switch request.method {
        case .get, .head, .options: return true
        default: break
        }
        if listedOrigin(request.fields) != nil { return true }
        guard request.fields.count(of: .origin) < 2, request.fields.count(of: .secFetchSite) < 2 else { return false }
        switch request.fields[.secFetchSite] {
        case "same-origin", "none": return true
        case nil, "": break
        default: return false
        }
        guard let origin = request.fields[.origin] else { return true }
        return origin == "https://" + authority || origin == "http://" + authority
    }

    private func listedOrigin(_ fields: Fields) -> String? {
        guard !isEmpty, let origin = fields[.origin], fields.count(of: .origin) == 1, origins.contains(origin) else {
            return nil
        }
        return origin
    }

    /// How long a browser may remember that a script may ask, in seconds.
    package static let preflightLifetime = 600
    /// What a script may send beyond what it always may.
    private static let acceptedFields =
        "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Requested-With"
    /// What a script may read beyond what it always may.
    private static let exposedFields =
        "Accept-Ranges, Content-Disposition, Content-Range, ETag, Retry-After, WWW-Authenticate"
}
