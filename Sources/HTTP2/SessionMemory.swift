import CNghttp2
import Glibc

/// The memory of one session of libnghttp2, whose large blocks lie on pages of their own, so that an idle session can
/// give these back.
///
/// The library keeps a buffer of 16 KiB for the frame that it sends, and a table of the open streams of 4 KiB. What is
/// in the one means nothing once the frame is out, and the other is all zero without streams; yet both stay as long as
/// the connection.
final class SessionMemory {
    private static let page = 4096

    private var blocks: [UnsafeMutableRawBufferPointer] = []

    /// What `nghttp2_session_server_new3` takes; it keeps a copy.
    var functions: nghttp2_mem {
        nghttp2_mem(
            mem_user_data: Unmanaged.passUnretained(self).toOpaque(),
            malloc: { size, user in SessionMemory.of(user).allocate(size) },
            free: { block, user in SessionMemory.of(user).free(block) },
            calloc: { count, size, user in SessionMemory.of(user).allocateZeroed(count, size) },
            realloc: { block, size, user in SessionMemory.of(user).reallocate(block, size) })
    }

    /// Gives the pages of large blocks back to the system. They read as zero from now on.
    ///
    /// To be called only where the library has no stream, is not within a frame, and has nothing to send.
    func release() {
        // A block that is no frame buffer and not all zero is one that nobody here knows of.
        for block in blocks where block.count > 4 * Self.page || block.allSatisfy({ $0 == 0 }) {
            madvise(block.baseAddress, block.count, MADV_DONTNEED)
        }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> SessionMemory {
        Unmanaged<SessionMemory>.fromOpaque(user!).takeUnretainedValue()
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= Self.page else { return malloc(size) }
        let count = (size + Self.page - 1) & ~(Self.page - 1)
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, Self.page, count) == 0, let block else { return nil }
        blocks.append(UnsafeMutableRawBufferPointer(start: block, count: count))
        return block
    }

    private func allocateZeroed(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        let (bytes, isTooMuch) = count.multipliedReportingOverflow(by: size)
        guard !isTooMuch else { return nil }
        guard bytes >= Self.page else { return calloc(count, size) }
        let block = allocate(bytes)
        block?.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        return block
    }

    private func free(_ block: UnsafeMutableRawPointer?) {
        if let index = index(of: block) { blocks.remove(at: index) }
        Glibc.free(block)
    }

    private func reallocate(_ block: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
        guard let block else { return allocate(size) }
        // What began small stays where it is.
        guard let index = index(of: block) else { return realloc(block, size) }
        guard let new = allocate(size) else { return nil }
        memcpy(new, block, min(size, blocks[index].count))
        free(block)
        return new
    }

    private func index(of block: UnsafeMutableRawPointer?) -> Int? {
        // Most blocks are small, and need no look at the list.
        guard Int(bitPattern: block) & (Self.page - 1) == 0, block != nil else { return nil }
        return blocks.firstIndex { $0.baseAddress == block }
    }
}
