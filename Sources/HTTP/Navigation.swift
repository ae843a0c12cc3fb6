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
        return acceptsPages(fields)
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

    private static func acceptsPages(_ fields: Fields) -> Bool {
        var namesHTML = false
        var namesOther = false
        for line in fields.values(of: .accept) {
            for element in line.lowercased().split(separator: ",") {
                let parts = element.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
                guard let type = parts.first, !type.isEmpty, !parts.dropFirst().contains(where: isZeroWeight) else {
                    continue
                }
                switch type {
                case "text/html", "application/xhtml+xml", "text/*": namesHTML = true
                case "*/*", "*": break
                default: namesOther = true
                }
            }
        }
        return namesHTML || !namesOther
    }

    private static func isZeroWeight(_ parameter: String) -> Bool {
        guard parameter.hasPrefix("q=0") else { return false }
        return parameter.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
    }
}
