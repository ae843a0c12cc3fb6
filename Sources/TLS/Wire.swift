import COpenSSL
import Glibc

/// Bytes in flight in one direction: a block with a read and a write position. It holds no memory while it is empty.
struct WireBuffer: ~Copyable {
    private let pool: TLSBufferPool
    private var block: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    init(pool: TLSBufferPool) { self.pool = pool }

    deinit {
        guard let block else { return }
        if capacity == TLSBufferPool.blockSize { pool.give(block) } else { block.deallocate() }
    }

    var count: Int { end - start }
    var isEmpty: Bool { end == start }

    var unread: UnsafeBufferPointer<UInt8> {
        guard let block else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: (block + start).assumingMemoryBound(to: UInt8.self), count: end - start)
    }

    mutating func append(_ bytes: UnsafeRawPointer, count: Int) {
        guard count > 0 else { return }
        reserve(count)
        memcpy(block! + end, bytes, count)
        end += count
    }

    /// Room for at least `minimum` more bytes; `commit` says how many of them were filled.
    mutating func room(atLeast minimum: Int) -> UnsafeMutableBufferPointer<UInt8> {
        reserve(minimum)
        return UnsafeMutableBufferPointer(
            start: (block! + end).assumingMemoryBound(to: UInt8.self), count: capacity - end)
    }

    mutating func commit(_ count: Int) {
        end += count
        if start == end { release() }
    }

    /// Copies up to `count` bytes out, and drops them.
    mutating func take(into target: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, end - start)
        guard taken > 0 else { return 0 }
        memcpy(target, block! + start, taken)
        consume(taken)
        return taken
    }

    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start)
        start += count
        if start == end { release() }
    }

    mutating func release() {
        guard let block else { return }
        if capacity == TLSBufferPool.blockSize { pool.give(block) } else { block.deallocate() }
        self.block = nil
        capacity = 0
        start = 0
        end = 0
    }

    private mutating func reserve(_ more: Int) {
        guard capacity - end < more else { return }
        guard let old = block else {
            if more <= TLSBufferPool.blockSize {
                block = pool.take()
                capacity = TLSBufferPool.blockSize
            } else {
                block = .allocate(byteCount: more, alignment: 16)
                capacity = more
            }
            return
        }
        if start > 0, capacity - (end - start) >= more {
            memmove(old, old + start, end - start)
        } else {
            let larger = max(2 * capacity, end - start + more)
            let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            memcpy(new, old + start, end - start)
            if capacity == TLSBufferPool.blockSize { pool.give(old) } else { old.deallocate() }
            block = new
            capacity = larger
        }
        end -= start
        start = 0
    }
}

/// What OpenSSL takes for a connection: the ciphertext that came, and the ciphertext that is to go.
struct Wire: ~Copyable {
    /// More than this unsent is never needed: the caller stops writing long before, and a handshake is smaller.
    static let hardLimit = 1 << 20

    /// What BIO_clear_retry_flags clears.
    static let retryFlags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    var input: WireBuffer
    var output: WireBuffer
    /// The peer will send nothing more.
    var inputEnded = false

    init(pool: TLSBufferPool) {
        input = WireBuffer(pool: pool)
        output = WireBuffer(pool: pool)
    }

    /// The BIO type whose data pointer is an `UnsafeMutablePointer<Wire>`; made once, never changed or freed.
    nonisolated(unsafe) static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "postern wire") else {
            fatalError("OpenSSL has no memory for a BIO method")
        }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_destroy(method) { _ in 1 }
        BIO_meth_set_read(method) { bio, target, count in
            guard let bio, let target, count > 0 else { return 0 }
            let wire = BIO_get_data(bio).assumingMemoryBound(to: Wire.self)
            BIO_clear_flags(bio, Wire.retryFlags)
            let taken = wire.pointee.input.take(into: target, count: Int(count))
            if taken > 0 { return Int32(taken) }
            if wire.pointee.inputEnded { return 0 }
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0 else { return 0 }
            let wire = BIO_get_data(bio).assumingMemoryBound(to: Wire.self)
            BIO_clear_flags(bio, Wire.retryFlags)
            guard wire.pointee.output.count < Wire.hardLimit else {
                BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
                return -1
            }
            wire.pointee.output.append(bytes, count: Int(count))
            return count
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: return 1
            case BIO_CTRL_EOF:
                guard let bio else { return 1 }
                let wire = BIO_get_data(bio).assumingMemoryBound(to: Wire.self)
                return wire.pointee.inputEnded && wire.pointee.input.isEmpty ? 1 : 0
            default: return 0
            }
        }
        return method
    }()
}
