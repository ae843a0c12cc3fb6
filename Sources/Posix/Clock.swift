import Glibc

/// A point on the clock that never jumps: nanoseconds since the machine started.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package let nanoseconds: UInt64

    @inlinable package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    @inlinable
    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Stops at either end of the clock.
    @inlinable
    package static func + (time: MonotonicTime, duration: Nanoseconds) -> MonotonicTime {
        if duration.count >= 0 {
            let (sum, overflow) = time.nanoseconds.addingReportingOverflow(UInt64(duration.count))
            return MonotonicTime(nanoseconds: overflow ? .max : sum)
        }
        let back = duration.count.magnitude
        return MonotonicTime(nanoseconds: time.nanoseconds > back ? time.nanoseconds - back : 0)
    }

    package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        time + Nanoseconds(duration)
    }

    @inlinable
    package static func - (left: MonotonicTime, right: MonotonicTime) -> Nanoseconds {
        Nanoseconds(Int64(bitPattern: left.nanoseconds &- right.nanoseconds))
    }
}

/// A span of time in 64 bits. `Duration` has 128, and costs a call and a division where a request is timed.
package struct Nanoseconds: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let count: Int64

    @inlinable package init(_ count: Int64) { self.count = count }

    /// Longer than 292 years is 292 years.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        count = overflow || overflowToo ? (seconds < 0 ? .min : .max) : sum
    }

    @inlinable package static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count &* 1_000_000) }
    @inlinable package static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count &* 1_000_000_000) }
    @inlinable package static var zero: Nanoseconds { Nanoseconds(0) }

    @inlinable package var microseconds: Int64 { count / 1000 }
    @inlinable package var milliseconds: Int64 { count / 1_000_000 }

    @inlinable
    package static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }

    /// `12.345 ms`
    package var description: String {
        let micro = (count % 1_000_000).magnitude / 1000
        return "\(count / 1_000_000).\(String(1000 + micro).dropFirst()) ms"
    }
}

/// The time of day, which may jump.
package enum WallClock {
    /// Unix time in seconds.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }

    /// Unix time in seconds, up to 4 ms old; costs the least.
    package static func coarse() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }

    /// Unix time in microseconds.
    package static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
