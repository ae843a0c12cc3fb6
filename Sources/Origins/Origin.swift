import HTTP

/// Where a site's objects come from. Every implementation passes one shared suite of tests.
///
/// An origin belongs to one event loop, and is called on its thread alone.
package protocol Origin: AnyObject {
    /// Asks for an object.
    ///
    /// - Parameter receiver: called exactly once, on the loop's thread, perhaps before `fetch`
    ///   returns; never after the call was cancelled.
    /// - Returns: the way to cancel it; nil where the answer has been given already.
    @discardableResult
    func fetch(_ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void) -> (any OriginCall)?
}

/// A fetch that has not been answered yet.
package protocol OriginCall: AnyObject {
    /// The answer is not wanted any more. Does nothing once it has been given: the body of an answer
    /// is cancelled by itself.
    func cancel()
}

package struct OriginRequest: Sendable {
    /// HEAD instead of GET.
    package var isHead: Bool
    /// The object's name: decoded, segments joined by `/`, no slash in front.
    package var key: String
    package var conditions: Conditions
    /// As the client sent it, without `?`. An origin takes of it what its settings name, and mostly nothing.
    package var query: String?
    /// What whoever asks holds until the answer comes, in bytes: how many may wait for an origin depends on it.
    package var heldBytes: Int

    package init(key: String, isHead: Bool = false, conditions: Conditions = Conditions(), heldBytes: Int = 0) {
        self.key = key
        self.isHead = isHead
        self.conditions = conditions
        self.heldBytes = heldBytes
    }
}

package enum OriginResponse {
    case object(OriginObject)
    /// There is no object of that name.
    case notFound
    /// The origin refuses Postern itself: its credentials, or the bucket's policy. Never the client's fault.
    case denied(OriginRefusal)
    case failed(OriginFailure)
}

/// An object, or what its conditions made of it.
package struct OriginObject {
    /// 200, 206, 304, 412 or 416.
    package var status: Int
    /// Content-Type, Content-Encoding, Content-Language, Content-Disposition, Cache-Control, Expires, ETag,
    /// Last-Modified, Content-Range, Accept-Ranges: those of them that there are, and no others.
    package var fields: Fields
    /// How many bytes the body has; for HEAD, how many it would have. nil: not known beforehand, or
    /// a status that has no body.
    package var length: Int?
    /// nil for HEAD, and for 304, 412 and 416.
    package var body: (any BodySource)?
    /// Where whoever asks for the object is to go instead, as it was written beside the object; nil as a rule.
    package var redirect: String?

    package init(status: Int, fields: Fields, length: Int?, body: (any BodySource)?) {
        self.status = status
        self.fields = fields
        self.length = length
        self.body = body
    }
}
