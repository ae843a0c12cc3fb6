import COpenSSL
import Glibc

/// Bytes that nobody can guess, from the kernel (getrandom(2)).
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0)
        return [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            while initialized < count {
                let got = getrandom(out.baseAddress! + initialized, count - initialized, 0)
                if got < 0 {
                    // A signal may interrupt a long request; nothing else fails once the kernel has booted.
                    precondition(errno == EINTR, "getrandom failed")
                } else {
                    initialized += got
                }
            }
        }
    }
}
