import HTTP
import Origins
import Settings

/// In which content codings a site's content goes out: as files that stand compressed beside the plain ones, or
/// compressed on its way. Pure.
struct ContentEncodings: Sendable {
    private let precompressed: [ContentCoding]
    private let compression: Bool
    private let minimum: Int

    init(_ content: ContentSettings) {
        precompressed = content.precompressed.map { $0 == .br ? .br : .gzip }
        compression = content.compression
        minimum = content.compressionMinimum
    }

    /// The steps, and before each that may have such siblings those in the codings that the client takes.
    func steps(_ steps: [ContentResolver.Step], for request: Fields) -> [ContentResolver.Step] {
        guard !precompressed.isEmpty else { return steps }
        let codings = AcceptEncoding(request).preferred(of: precompressed)
        return steps.flatMap { step -> [ContentResolver.Step] in
            guard step.use == .object || step.use == .page(status: 200), hasSiblings(step.place.key) else {
                return [step]
            }
            return codings.map { ContentResolver.Step(place: step.place, use: step.use, coding: $0) } + [step]
        }
    }

    /// By the extension alone, for the plain object has not been seen: pictures and films have none.
    private func hasSiblings(_ key: String) -> Bool { MediaType.isCompressible(MediaType.forPath(key)) }

    /// Makes of a compressed file's fields those of the content in it. Whoever uploaded it may have said what is in it,
    /// or that it is a file of that kind.
    func describe(_ answer: inout Fields, key: String, coding: ContentCoding) {
        answer.set(.contentEncoding, coding.rawValue)
        let type = answer[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? ""
        if Self.typesOfCompressedFiles.contains(type) { answer.set(.contentType, MediaType.forPath(key)) }
    }

    private static let typesOfCompressedFiles: Set<String> = [
        "", "application/octet-stream", "binary/octet-stream", "application/gzip", "application/x-gzip",
        "application/brotli", "application/x-brotli", "application/x-br",
    ]

    /// Says that the answer depends on what the client takes, where that is so.
    func vary(_ answer: inout Fields, key: String) {
        guard compression || !precompressed.isEmpty,
            MediaType.isCompressible(answer[.contentType] ?? MediaType.forPath(key))
        else { return }
        answer.append(.vary, "Accept-Encoding")
    }

    /// Whether the answer, a whole one, is to be compressed on its way.
    /// - Parameter length: of its content, where that is known.
    func compresses(_ answer: Fields, length: Int?, for request: Fields) -> Bool {
        guard compression, request.contains(.acceptEncoding), length != 0, let type = answer[.contentType],
            MediaType.isCompressible(type), !answer.contains(.contentEncoding), !answer.contains(.contentRange),
            !Self.forbidsTransform(answer), !Self.forbidsTransform(request)
        else { return false }
        let accepted = AcceptEncoding(request)
        guard accepted.preferred(of: [.gzip]) == [.gzip] else { return false }
        return length.map { $0 >= minimum } ?? true || accepted.refusesPlain
    }

    /// Makes of the plain content's fields those of the compressed content: no version of it is the same byte for byte,
    /// and none has ranges.
    func describeCompressed(_ answer: inout Fields) {
        answer.set(.contentEncoding, ContentCoding.gzip.rawValue)
        answer.remove(.acceptRanges)
        weakenTag(&answer)
    }

    /// Gives a 304 the tag that its 200 would have: the client's copy bears the weak one, if it was compressed.
    func describeUnmodified(_ answer: inout Fields, key: String, conditions: Conditions, for request: Fields) {
        guard let tag = answer[.etag].flatMap({ EntityTag($0) }) else { return }
        switch conditions.ifNoneMatch {
        case .tags(let tags) where tags.contains(tag.weakened): weakenTag(&answer)
        case .any, nil:
            var likely = answer
            likely.set(.contentType, MediaType.forPath(key))
            if compresses(likely, length: nil, for: request) { weakenTag(&answer) }
        case .tags: break
        }
    }

    private func weakenTag(_ answer: inout Fields) {
        guard let tag = answer[.etag].flatMap({ EntityTag($0) }) else { return answer.remove(.etag) }
        answer.set(.etag, tag.weakened.description)
    }

    /// RFC 9111 sections 5.2.1.6 and 5.2.2.6.
    private static func forbidsTransform(_ fields: Fields) -> Bool {
        fields.contains(.cacheControl)
            && fields.values(of: .cacheControl).contains { line in
                line.split(separator: ",").contains {
                    $0.lowercased().filter { $0 != " " && $0 != "\t" } == "no-transform"
                }
            }
    }
}
