import Glibc
import HTTP
import Posix

/// Serves the regular files beneath a directory of this machine, as a bucket serves its objects.
///
/// The kernel keeps look-ups beneath the directory: a symbolic link may lead elsewhere in it, but not
/// out of it. Files are read on the loop's thread as the client takes them, so the directory should
/// be on a local disk.
package final class DirectoryOrigin: Origin {
    private let directory: Directory

    /// - Parameter path: of a directory that exists.
    package init(path: String) throws(SystemError) {
        directory = try Directory(path: path)
    }

    @discardableResult
    package func fetch(
        _ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void
    ) -> (any OriginCall)? {
        receiver(answer(request))
        return nil
    }

    private func answer(_ request: OriginRequest) -> OriginResponse {
        guard ObjectKey.namesObject(request.key) else { return .notFound }
        do {
            let file = try directory.open(request.key)
            let status = try file.status()
            guard status.isRegular else { return .notFound }
            return .object(object(request, file: file, status: status))
        } catch {
            return Self.response(to: error)
        }
    }

    /// What an errno means: the names of errors that an object's name can cause say "not found", as S3 would.
    private static func response(to error: SystemError) -> OriginResponse {
        switch error.errno {
        case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO: .notFound
        case EACCES, EPERM: .denied(OriginRefusal(code: "AccessDenied"))
        default: .failed(.fileSystem(error.errno))
        }
    }

    private func object(
        _ request: OriginRequest, file: consuming FileDescriptor, status: FileStatus
    ) -> OriginObject {
        let tagText = Self.tag(of: status)
        let tag = EntityTag(tagText)
        var fields = Fields()
        fields.append(.etag, tagText)
        fields.append(.lastModified, HTTPDate.format(unixSeconds: status.modified))

        switch Preconditions.evaluate(request.conditions, tag: tag, modified: status.modified) {
        case .failed: return OriginObject(status: 412, fields: fields, length: nil, body: nil)
        case .notModified: return OriginObject(status: 304, fields: fields, length: nil, body: nil)
        case .proceed: break
        }

        fields.append(.acceptRanges, "bytes")
        var part = 0..<status.size
        var code = 200
        if !request.isHead, let range = request.conditions.range,
            Preconditions.rangeHolds(request.conditions, tag: tag, modified: status.modified)
        {
            guard let resolved = range.resolved(size: status.size) else {
                fields.append(.contentRange, ContentRange.unsatisfied(size: status.size).field)
                return OriginObject(status: 416, fields: fields, length: nil, body: nil)
            }
            part = resolved
            code = 206
            fields.append(.contentRange, ContentRange.part(part, of: status.size).field)
        }
        fields.append(.contentType, MediaType.forPath(request.key))
        return OriginObject(
            status: code, fields: fields, length: part.count,
            body: request.isHead ? nil : FileBody(file: file, range: part))
    }

    /// A strong tag made of size and time of change, the latter to the nanosecond.
    private static func tag(of status: FileStatus) -> String {
        let time = status.modified * 1_000_000_000 + status.modifiedNanoseconds
        return "\"\(String(status.size, radix: 16))-\(String(time, radix: 16))\""
    }
}
