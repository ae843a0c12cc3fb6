import HTTP
import Settings

/// Which objects a path may mean, and in what order they are tried. Pure: it asks nobody.
struct ContentResolver: Sendable {
    private let content: ContentSettings
    private let origin: String
    private let mounts: PathMap<String>
    private let fallback: Place?
    private let fallbackMount: PathPattern?
    private let notFound: Place?
    private let forbidden: Place?

    /// - Parameters:
    ///   - origin: the name of the one that has the site's content.
    ///   - mounts: those that have parts of it.
    init(_ content: ContentSettings, origin: String, mounts: PathMap<String> = PathMap()) {
        self.content = content
        self.origin = origin
        self.mounts = mounts
        func place(_ path: String?) -> Place? {
            guard let path else { return nil }
            let segments = Self.segments(path)
            let mount = mounts.entry(for: segments)
            return Place(mount?.value ?? origin, segments.dropFirst(mount?.pattern.count ?? 0))
        }
        fallback = place(content.fallback)
        fallbackMount = content.fallback.flatMap { mounts.entry(for: Self.segments($0)) }?.pattern
        notFound = place(content.notFound)
        forbidden = place(content.forbidden)
    }

    /// An object of one of the site's origins. The key is decoded, without a leading slash, and relative to the
    /// origin's prefix.
    struct Place: Hashable, Sendable {
        let origin: String
        let key: String

        init(origin: String, key: String) {
            self.origin = origin
            self.key = key
        }

        init(_ origin: String, _ segments: ArraySlice<String>) {
            self.init(origin: origin, key: segments.joined(separator: "/"))
        }
    }

    struct Step: Hashable, Sendable {
        let place: Place
        let use: Use
        /// In which the object stands, under its own name with the coding's suffix; nil for the plain one.
        var coding: ContentCoding?

        /// What the origin is asked for.
        var key: String { place.key + (coding?.suffix ?? "") }

        enum Use: Hashable, Sendable {
            /// Answer with this object, if it is there.
            case object
            /// If this object is there, send the browser to the location.
            case redirect(to: String)
            /// Answer with this object and this status, if it is there, whatever was asked for.
            case page(status: Int)
        }
    }

    /// A configured path's.
    private static func segments(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

    /// The origin that has a path, and the path's segments behind those of its mount.
    func origin(of segments: [String]) -> (name: String, segments: ArraySlice<String>) {
        guard let mount = mounts.entry(for: segments) else { return (origin, segments[...]) }
        return (mount.value, segments.dropFirst(mount.pattern.count))
    }

    /// What the path may mean.
    func steps(for target: RequestTarget) -> [Step] {
        let (origin, segments) = origin(of: target.segments)
        let place = Place(origin, segments)
        let key = place.key
        func step(_ key: String, _ use: Step.Use = .object) -> Step {
            Step(place: Place(origin: place.origin, key: key), use: use)
        }
        let index = content.index.map { key.isEmpty ? $0 : key + "/" + $0 }
        if target.isDirectory { return index.map { [step($0)] } ?? [] }

        // The path of a mount without its slash: there is no key that it could be.
        guard !key.isEmpty else { return index.map { [step($0, directory(target))] } ?? [] }
        var steps = [step(key)]
        if content.cleanURLs, !Self.hasExtension(target) { steps.append(step(key + ".html")) }
        if let index, Self.mayBeDirectory(target) {
            steps.append(step(index, content.cleanURLs ? .object : directory(target)))
        }
        return steps
    }

    /// To the same path with a slash. It begins with one slash, as every target's path does, and no other segment of
    /// it is empty: it cannot name another host.
    private func directory(_ target: RequestTarget) -> Step.Use {
        .redirect(to: target.path + "/" + (target.query.map { "?" + $0 } ?? ""))
    }

    /// What stands in where nothing that the path may mean is there.
    ///
    /// - Parameters:
    ///   - isNavigation: whether a person opens the address, rather than a page fetching it.
    ///   - purpose: what the answer is to become.
    func standIns(for target: RequestTarget, isNavigation: Bool, purpose: Navigation.Purpose) -> [Step] {
        guard takesPage(target, purpose) else { return [] }
        var steps: [Step] = []
        if let fallback, isNavigation, !Self.hasExtension(target),
            mounts.entry(for: target.segments)?.pattern == fallbackMount
        {
            steps.append(Step(place: fallback, use: .page(status: 200)))
        }
        if let notFound { steps.append(Step(place: notFound, use: .page(status: 404))) }
        return steps
    }

    /// What is shown to people whom a rule refuses; nil for Postern's own page.
    func refusal(for target: RequestTarget, purpose: Navigation.Purpose) -> Step? {
        guard let forbidden, takesPage(target, purpose) else { return nil }
        return Step(place: forbidden, use: .page(status: 403))
    }

    /// Whether a page may stand in for what was asked for: not for a script, a picture, or whatever else a page is
    /// made of.
    func takesPage(_ target: RequestTarget, _ purpose: Navigation.Purpose) -> Bool {
        switch purpose {
        case .page: true
        case .part: false
        case .untold: target.segments.last.map { target.isDirectory || !MediaType.isPartOfPages($0) } ?? true
        }
    }

    /// Whether the path's name has an extension: a dot that neither begins nor ends it.
    private static func hasExtension(_ target: RequestTarget) -> Bool {
        guard !target.isDirectory, let name = target.segments.last?.utf8,
            let dot = name.lastIndex(of: UInt8(ascii: "."))
        else { return false }
        return dot != name.startIndex && name.index(after: dot) != name.endIndex
    }

    /// Whether the name could be a directory's: `v1.2` could, `a.html` and `a.js` are files.
    private static func mayBeDirectory(_ target: RequestTarget) -> Bool {
        target.segments.last.map { MediaType.forPath($0) == MediaType.unknown } ?? true
    }
}
