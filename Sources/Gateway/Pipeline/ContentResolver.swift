import HTTP
import Settings

/// Which objects a path may mean, and in what order they are tried. Pure: it asks nobody.
///
/// Keys are decoded, without a leading slash, and relative to the origin's prefix.
struct ContentResolver: Sendable {
    private let content: ContentSettings

    init(_ content: ContentSettings) {
        self.content = content
    }

    enum Step: Equatable, Sendable {
        /// Answer with this object, if it is there.
        case object(String)
        /// If this object is there, send the browser to `location`.
        case redirect(ifExists: String, location: String)
        /// Answer with this object and this status, if it is there, whatever was asked for.
        case page(String, status: Int)
    }

    /// - Parameter isNavigation: whether a person opens the address, rather than a page fetching it.
    func steps(for target: RequestTarget, isNavigation: @autoclosure () -> Bool) -> [Step] {
        var steps: [Step] = []
        let key = target.segments.joined(separator: "/")
        let query = target.query.map { "?" + $0 } ?? ""
        let hasExtension = target.segments.last.map(Self.hasExtension) ?? false

        if target.isDirectory {
            if let index = content.index { steps.append(.object(join(key, index))) }
        } else {
            steps.append(.object(key))
            if !hasExtension {
                if content.cleanURLs {
                    steps.append(.object(key + ".html"))
                    if let index = content.index { steps.append(.object(join(key, index))) }
                } else if let index = content.index {
                    steps.append(.redirect(ifExists: join(key, index), location: target.path + "/" + query))
                }
            }
        }
        if !hasExtension, let fallback = content.fallback, isNavigation() {
            steps.append(.page(Self.key(fallback), status: 200))
        }
        if let notFound = content.notFound { steps.append(.page(Self.key(notFound), status: 404)) }
        return steps
    }

    private func join(_ directory: String, _ name: String) -> String {
        directory.isEmpty ? name : directory + "/" + name
    }

    /// A configured path as a key: without its leading slash.
    private static func key(_ path: String) -> String {
        path.hasPrefix("/") ? String(path.dropFirst()) : path
    }

    /// Whether a name has an extension: a dot that neither begins nor ends it.
    private static func hasExtension(_ name: String) -> Bool {
        let name = name.utf8
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
        return dot != name.startIndex && name.index(after: dot) != name.endIndex
    }
}
