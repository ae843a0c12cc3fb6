import Bytes

/// Why a ring cannot be made of some session keys.
package enum KeyRingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `position` counts the keys of the ring from 0.
    case key(KeyFault, position: Int)
    case none
    case many

    package var description: String {
        switch self {
        case .none: "there is no session key; make one with `postern secret`"
        case .many: "there are more than \(KeyRing.limit) session keys; take the oldest away"
        case .key(let fault, let position):
            "session key \(position + 1) cannot be used: \(fault.rawValue); make one with `postern secret`"
        }
    }
}
