import HTTP

/// Reads the head of a bucket's answer: whether it answers the question, and what passes on of it. Pure.
package enum S3Answer {
    /// What follows from a head.
    package enum Verdict {
        /// It passes. `takesBody`: its body does as well; otherwise what body there is gets dropped.
        case object(OriginObject, takesBody: Bool)
        /// The range was for another version: ask for the whole.
        case askWhole
        /// An error: its code is in the body.
        case refused
        case failed(OriginFailure)
    }

    /// - Parameter length: what the framing says about the body's length; for HEAD, what `Content-Length` says.
    package static func read(status: Int, fields: borrowing Fields, length: Int?, for query: S3Query) -> Verdict {
        switch status {
        case 200, 206: return readContent(status: status, fields: fields, length: length, for: query)
        case 304:
            guard query.conditions.ifNoneMatch != nil || query.conditions.ifModifiedSince != nil else {
                return .failed(.malformed(.unaskedStatus))
            }
            return .object(bodiless(304, fields), takesBody: false)
        case 412:
            if query.asksIfRange { return .askWhole }
            guard query.conditions.ifMatch != nil || query.conditions.ifUnmodifiedSince != nil else {
                return .failed(.malformed(.unaskedStatus))
            }
            return .object(bodiless(412, fields), takesBody: false)
        case 416:
            // Which of the two a server looks at first is not known: the whole is never wrong.
            if query.asksIfRange { return .askWhole }
            guard query.asksRange else { return .failed(.malformed(.unaskedStatus)) }
            var object = bodiless(416, fields)
            if case .unsatisfied(let size)? = fields[.contentRange].flatMap({ ContentRange($0) }) {
                object.fields.append(.contentRange, ContentRange.unsatisfied(size: size).field)
            }
            return .object(object, takesBody: false)
        case 301, 302, 303, 307, 308: return .failed(.redirected(region: region(fields)))
        case 400, 403, 404, 405, 429, 500...599: return .refused
        default: return .failed(.unexpectedStatus(status, code: nil))
        }
    }

    private static func readContent(
        status: Int, fields: borrowing Fields, length: Int?, for query: S3Query
    ) -> Verdict {
        guard fields.count(of: .contentRange) <= 1 else { return .failed(.malformed(.range)) }
        let told = fields[.contentRange].map { ContentRange($0) }
        var range: ContentRange?
        switch (status, told) {
        case (200, nil): break
        case (206, .some(.some(let part))): range = part
        // Some servers call a part 200. Its length tells it from a whole that is merely labelled, unless the part is
        // the whole.
        case (200, .some(.some(.part(let part, let size))))
        where query.asksRange && (length == part.count || length == size):
            let isAsked = query.conditions.range?.resolved(size: size) == part
            if length == part.count, length != size || isAsked { range = .part(part, of: size) }
        default: return .failed(.malformed(.range))
        }

        if let range {
            guard query.asksRange, case .part(let part, let size) = range, part.count == length,
                query.conditions.range?.resolved(size: size) == part
            else { return .failed(.malformed(.range)) }
        }
        if !query.conditions.isEmpty {
            let tag = fields[.etag].flatMap { EntityTag($0) }
            let modified = fields[.lastModified].flatMap(HTTPDate.parse)
            if range != nil, !Preconditions.rangeHolds(query.conditions, tag: tag, modified: modified) {
                return .askWhole
            }
            // Not every server looks at every condition.
            switch Preconditions.evaluate(query.conditions, tag: tag, modified: modified) {
            case .proceed: break
            case .notModified: return .object(bodiless(304, fields), takesBody: false)
            case .failed: return .object(bodiless(412, fields), takesBody: false)
            }
        }
        var object = OriginObject(status: range == nil ? 200 : 206, fields: Fields(), length: length, body: nil)
        object.fields.reserve(bytes: 384, fields: 12)
        for name in passed { copyFirst(name, of: fields, to: &object.fields) }
        copyAll(.cacheControl, of: fields, to: &object.fields)
        if let range { object.fields.append(.contentRange, range.field) }
        if let location = fields[.xAmzWebsiteRedirectLocation], !location.isEmpty { object.redirect = location }
        return .object(object, takesBody: !query.isHead)
    }

    /// What an error answer means, once its code has been looked for.
    package static func refusal(status: Int, code: String?, fields: borrowing Fields) -> OriginResponse {
        switch (status, code) {
        case (_, "RequestTimeTooSkewed"):
            return .failed(.clockSkew(originTime: fields[.date].flatMap(HTTPDate.parse)))
        case (404, "NoSuchBucket"): return .failed(.noSuchBucket)
        case (404, _), (400, "KeyTooLongError"): return .notFound
        case (403, _): return .denied(OriginRefusal(code: code))
        case (400, "ExpiredToken"), (400, "InvalidToken"), (400, "TokenRefreshRequired"):
            return .denied(OriginRefusal(code: code))
        case (400, "AuthorizationHeaderMalformed"): return .failed(.redirected(region: region(fields)))
        case (400, nil) where fields.contains(.xAmzBucketRegion): return .failed(.redirected(region: region(fields)))
        case (429, _), (503, _): return .failed(.overloaded)
        default: return .failed(.unexpectedStatus(status, code: code))
        }
    }

    /// Whether the status tells of a fault of the server, or of its load.
    package static func isFault(status: Int) -> Bool { status == 429 || 500...599 ~= status }

    /// Whether asking once more, after a short pause, may help, and does no harm.
    package static func mayPass(status: Int, _ fields: borrowing Fields) -> Bool {
        guard status == 429 || status == 500 || 502...504 ~= status else { return false }
        // Who asks for more patience than a visitor has is given it.
        guard let wait = fields[.retryAfter] else { return true }
        return wait == "0"
    }

    /// Whether a 200 may have one of S3's error documents for its content: XML, of a version that has no name.
    package static func mayBeError(_ object: OriginObject) -> Bool {
        guard object.status == 200, !object.fields.contains(.etag), !object.fields.contains(.lastModified),
            let type = object.fields[.contentType]?.lowercased()
        else { return false }
        return type.hasPrefix("application/xml") || type.hasPrefix("text/xml")
    }

    /// The status that would have come with a code.
    package static func status(ofCode code: String) -> Int {
        switch code {
        case "NoSuchKey", "NoSuchBucket", "NoSuchVersion": 404
        case "AccessDenied", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidAccessKeyId": 403
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": 400
        case "SlowDown", "ServiceUnavailable": 503
        default: 500
        }
    }

    /// 304, 412 and 416: what tells of the version, nothing of the content.
    private static func bodiless(_ status: Int, _ fields: borrowing Fields) -> OriginObject {
        var object = OriginObject(status: status, fields: Fields(), length: nil, body: nil)
        if status == 304 {
            for name in [FieldName.etag, .lastModified, .expires] { copyFirst(name, of: fields, to: &object.fields) }
            copyAll(.cacheControl, of: fields, to: &object.fields)
        }
        return object
    }

    /// Content-Range aside, which is written anew, and Cache-Control, which may have several lines.
    private static let passed: [FieldName] = [
        .contentType, .contentEncoding, .contentLanguage, .contentDisposition, .expires, .etag, .lastModified,
        .acceptRanges,
    ]

    private static func copyFirst(_ name: FieldName, of fields: borrowing Fields, to out: inout Fields) {
        if let index = fields.index(of: name) { out.append(index, of: fields) }
    }

    private static func copyAll(_ name: FieldName, of fields: borrowing Fields, to out: inout Fields) {
        var start = 0
        while let index = fields.index(of: name, from: start) {
            out.append(index, of: fields)
            start = index + 1
        }
    }

    /// Amazon names the bucket's own region beside a refusal.
    private static func region(_ fields: borrowing Fields) -> String? {
        guard let text = fields[.xAmzBucketRegion], (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy(S3Configuration.isLabelByte)
        else { return nil }
        return text
    }
}
