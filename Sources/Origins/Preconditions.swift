import HTTP

/// Decides conditional requests, in the order of RFC 9110 section 13.2.2. Pure.
package enum Preconditions {
    package enum Verdict: Sendable, Equatable {
        case proceed
        /// 304
        case notModified
        /// 412
        case failed
    }

    /// - Parameters:
    ///   - tag: the object's current tag, where it has one.
    ///   - modified: when it changed last, in Unix seconds, where that is known.
    package static func evaluate(_ conditions: borrowing Conditions, tag: EntityTag?, modified: Int64?) -> Verdict {
        if let wanted = conditions.ifMatch {
            if !wanted.matchesStrongly(tag) { return .failed }
        } else if let date = conditions.ifUnmodifiedSince, let modified, modified > date {
            return .failed
        }
        if let known = conditions.ifNoneMatch {
            if known.matchesWeakly(tag) { return .notModified }
        } else if let date = conditions.ifModifiedSince, let modified, modified <= date {
            return .notModified
        }
        return .proceed
    }

    /// Whether the range holds for this version of the object; if not, the whole is the answer.
    package static func rangeHolds(_ conditions: borrowing Conditions, tag: EntityTag?, modified: Int64?) -> Bool {
        switch conditions.ifRange {
        case nil: true
        case .tag(let wanted): tag.map(wanted.equalsStrongly) ?? false
        case .date(let date): modified == date
        }
    }
}
