import HTTP
import Posix

/// A part of an open file, read as it is asked for. A file that ends before its part does has been
/// cut meanwhile, and fails.
final class FileBody: BodySource {
    private var file: FileDescriptor?
    private var position: Int
    private let end: Int
    let length: Int?
    /// Never told anything: a file does not make one wait.
    weak var consumer: (any BodyConsumer)?

    init(file: consuming FileDescriptor, range: Range<Int>) {
        self.file = consume file
        position = range.lowerBound
        end = range.upperBound
        length = range.count
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        while position < end && out.freeCapacity > 0 {
            guard file != nil else { return .failed(.disconnected) }
            switch file!.read(into: &out, at: position, limit: end - position) {
            case .bytes(let count): position += count
            case .end: return fail(.malformed)
            case .wouldBlock, .failed: return fail(.disconnected)
            }
        }
        guard position < end else {
            file = nil
            return .end
        }
        return .bytes
    }

    func cancel() {
        file = nil
        position = end
    }

    private func fail(_ failure: BodyFailure) -> BodyRead {
        file = nil
        return .failed(failure)
    }
}
