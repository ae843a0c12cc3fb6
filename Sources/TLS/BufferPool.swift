/// Memory for the ciphertext of the sessions of one thread: blocks that a busy session borrows and gives back as
/// soon as it has nothing in flight, so that an idle connection holds none and a busy one never asks the allocator.
///
/// Not Sendable: a worker makes one and hands it to each of its sessions.
package final class TLSBufferPool {
    /// Four records of 16 KiB of plaintext with their headers and tags, one more that may start below the cap of
    /// `TLSSession.outputLimit`, and a page for alerts and tickets.
    static let blockSize = 5 * (16_384 + 256) + 4096

    private var blocks: [UnsafeMutableRawPointer] = []
    private let keep: Int

    /// Keeps up to `keep` blocks of 85 KiB that nobody uses.
    package init(keep: Int = 16) {
        self.keep = keep
        blocks.reserveCapacity(keep)
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    func take() -> UnsafeMutableRawPointer {
        blocks.popLast() ?? UnsafeMutableRawPointer.allocate(byteCount: Self.blockSize, alignment: 16)
    }

    func give(_ block: UnsafeMutableRawPointer) {
        if blocks.count < keep { blocks.append(block) } else { block.deallocate() }
    }
}
