/// Tells a browser's top-level navigation, which a redirect to a sign-in page serves, from everything else.
package enum Navigation {
    /// Fetch Metadata decides where it is sent. Where it is not (older browsers, plain HTTP, command line tools) the
    /// request must not look like a script's, a prefetch's or an image's: `Accept` names HTML, or nothing
    /// but `*/*`, or is absent.
    package static func isTopLevel(_ request: Request) -> Bool {
        guard request.method == .get || request.method == .head else { return false }
        let fields = request.fields
        guard !fields.contains(.xRequestedWith), !fields.contains(.serviceWorker), !isWebSocket(fields),
            !isPrefetch(fields)
        else { return false }

        let mode = token(fields, .secFetchMode)
        let destination = token(fields, .secFetchDest)
        if mode != nil || destination != nil {
            return (mode ?? "navigate") == "navigate" && (destination ?? "document") == "document"
        }
        return acceptedPurpose(fields) != .part
    }

    private static func token(_ fields: Fields, _ name: FieldName) -> String? {
        guard let value = fields[name], !value.isEmpty else { return nil }
        return value
    }

    /// Other protocols are offered by plain clients too: `h2c` by `curl --http2`.
    private static func isWebSocket(_ fields: Fields) -> Bool {
        fields.values(of: .upgrade).contains { $0.lowercased().contains("websocket") }
    }

    /// `Sec-Purpose: prefetch`, also `prefetch;prerender`; and what it was called before.
    private static func isPrefetch(_ fields: Fields) -> Bool {
        for name in [FieldName.secPurpose, .purpose, .xPurpose, .xMoz] {
            if let value = fields[name], value.lowercased().hasPrefix("pre") { return true }
        }
        return false
    }

    /// What an answer is to become, as far as the request says.
    package enum Purpose: Sendable, Equatable {
        /// A page, of its own or in a frame.
        case page
        /// A part of a page, or data: HTML in its place would be run, shown or parsed as something else.
        case part
        case untold
    }

    /// Fetch Metadata decides where it is sent, and `Accept` where it is not, or where a script asks.
    package static func purpose(of request: Request) -> Purpose {
        switch token(request.fields, .secFetchDest) {
        case nil, "empty": acceptedPurpose(request.fields)
        case "document", "frame", "iframe", "embed", "object", "fencedframe": .page
        default: .part
        }
    }

    private static func acceptedPurpose(_ fields: Fields) -> Purpose {
        var namesOther = false
        for line in fields.values(of: .accept) {
            for element in line.lowercased().split(separator: ",") {
                let parts = element.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
                guard let type = parts.first, !type.isEmpty, !parts.dropFirst().contains(where: isZeroWeight) else {
                    continue
                }
                switch type {
                case "text/html", "application/xhtml+xml", "text/*": return .page
                case "*/*", "*": break
                default: namesOther = true
                }
            }
        }
        return namesOther ? .part : .untold
    }

    private static func isZeroWeight(_ parameter: String) -> Bool {
        guard parameter.hasPrefix("q=0") else { return false }
        return parameter.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
    }
}
