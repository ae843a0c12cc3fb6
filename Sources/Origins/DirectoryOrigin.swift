import Glibc
import HTTP
import Posix
import Reactor

/// Serves the regular files beneath a directory of this machine, as a bucket serves its objects.
///
/// The kernel keeps look-ups beneath the directory: a symbolic link may lead elsewhere in it, but not
/// out of it. What is in memory is opened and read on the loop's thread; what a disk has to bring is waited for by
/// threads beside it, so that a slow disk holds up nobody but those who ask for what is on it.
package final class DirectoryOrigin: Origin {
    private let root: Root
    private let readers: FileReaders

    private final class Root: Sendable {
        let directory: Directory
        init(path: String) throws(SystemError) { directory = try Directory(path: path) }
    }

    /// - Parameters:
    ///   - path: of a directory that exists.
    ///   - readers: threads at most that wait for the disk.
    ///   - timeout: how long one waits for an answer of the disk.
    package init(
        path: String, loop: EventLoop, readers: Int = 8, timeout: Nanoseconds = .seconds(30)
    ) throws(SystemError) {
        root = try Root(path: path)
        self.readers = FileReaders(loop: loop, count: readers, timeout: timeout)
    }

    @discardableResult
    package func fetch(
        _ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void
    ) -> (any OriginCall)? {
        guard ObjectKey.namesObject(request.key) else {
            receiver(.notFound)
            return nil
        }
        do {
            if let file = try root.directory.openIfCached(request.key) {
                receiver(answer(request, .success(try OpenFile(file))))
                return nil
            }
        } catch {
            receiver(Self.response(to: error))
            return nil
        }
        let root = root, key = request.key
        return Opening(
            readers.call({ Self.open(key, in: root) }) { [self] answer in
                switch answer {
                case .value(let opened): receiver(self.answer(request, opened))
                case .timedOut: receiver(.failed(.timedOut))
                }
            })
    }

    /// A file that is looked for by another thread.
    private final class Opening: OriginCall {
        private let call: FileReaders.Call
        init(_ call: FileReaders.Call) { self.call = call }
        func cancel() { call.cancel() }
    }

    /// On a thread that may wait.
    private static func open(_ key: String, in root: Root) -> Result<OpenFile, SystemError> {
        do throws(SystemError) {
            return .success(try OpenFile(try root.directory.open(key)))
        } catch {
            return .failure(error)
        }
    }

    private func answer(_ request: OriginRequest, _ opened: Result<OpenFile, SystemError>) -> OriginResponse {
        switch opened {
        case .success(let file) where file.status.isRegular: .object(object(request, file))
        case .success: .notFound
        case .failure(let error): Self.response(to: error)
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

    private func object(_ request: OriginRequest, _ file: OpenFile) -> OriginObject {
        let status = file.status
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
            body: request.isHead ? nil : FileBody(file, range: part, readers: readers))
    }

    /// A strong tag made of size and time of change, the latter to the nanosecond.
    private static func tag(of status: FileStatus) -> String {
        let time = status.modified * 1_000_000_000 + status.modifiedNanoseconds
        return "\"\(String(status.size, radix: 16))-\(String(time, radix: 16))\""
    }
}
