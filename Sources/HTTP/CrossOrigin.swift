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
    /// another. It is one answer for all paths, for nobody has said yet who asks.
    package func preflight(_ request: Request) -> Response? {
        guard request.method == .options, request.fields.contains(.accessControlRequestMethod),
            listedOrigin(request.fields) != nil
        else { return nil }
        return Response(
            status: 204,
            fields: [
                .accessControlAllowMethods: "GET, HEAD", .accessControlAllowHeaders: Self.acceptedFields,
                .accessControlMaxAge: "\(Self.preflightLifetime)", .cacheControl: "no-store",
            ])
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
