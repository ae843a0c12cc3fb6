import Bytes
import HTTP

/// Where a bucket is, and how its objects are addressed. Nothing a client sends has a part in it.
package struct S3Configuration: Sendable, Equatable {
    package enum Addressing: String, Sendable {
        /// `https://bucket.host/key`
        case virtual
        /// `https://host/bucket/key`
        case path
    }

    package let bucket: String
    package let region: String
    /// In front of every key: empty, or a folder with its slash.
    package let prefix: String
    package let isSecure: Bool
    /// Whom to connect to, without brackets.
    package let host: String
    package let port: Int
    /// The value of `Host`: the bucket's name in front where that is the addressing, and the port
    /// where it is not the scheme's own.
    package let authority: String
    /// The addressing in force.
    package let addressing: Addressing
    /// The path up to the key, percent-encoded: `/`, `/bucket/`, `/bucket/folder/`.
    package let basePath: [UInt8]
    /// The names of the parameters that a client may send along.
    package let queryParameters: Set<String>

    /// - Parameters:
    ///   - endpoint: `http://` or `https://`, a host, perhaps a port, perhaps a path under which the
    ///     service lives. nil: Amazon's for the region.
    ///   - addressing: `path` takes its place where a bucket's name holds a dot and TLS is used (a
    ///     certificate's wildcard covers one label), and where the host is an IP address.
    ///   - prefix: a folder in the bucket. It ends in a slash, whether that is written or not, so
    ///     that `site` does not also open `site-drafts/`.
    package init(
        bucket: String, region: String, endpoint: String? = nil, addressing: Addressing = .virtual, prefix: String = "",
        queryParameters: Set<String> = []
    ) throws(S3ConfigurationError) {
        guard Self.isBucketName(bucket) else { throw .bucket }
        guard !region.isEmpty, region.utf8.count <= 64, region.utf8.allSatisfy(Self.isLabelByte) else { throw .region }
        guard let url = EndpointURL(endpoint ?? "https://s3.\(region).amazonaws.com") else { throw .endpoint }

        var folder = prefix
        while folder.hasPrefix("/") { folder.removeFirst() }
        if folder.hasSuffix("/") { folder.removeLast() }
        guard folder.isEmpty || ObjectKey.namesObject(folder) else { throw .prefix }
        if !folder.isEmpty { folder += "/" }

        let dotUnderTLS = url.isSecure && bucket.utf8.contains(0x2E)
        let usesPath = addressing == .path || dotUnderTLS || url.hostIsAddress || !Self.isHostLabels(bucket)
        var base = url.path
        base.append(0x2F)
        if usesPath {
            ObjectKey.appendEncoded(bucket, to: &base)
            base.append(0x2F)
        }
        ObjectKey.appendEncoded(folder, to: &base)

        self.bucket = bucket
        self.region = region
        self.prefix = folder
        self.queryParameters = queryParameters
        self.addressing = usesPath ? .path : .virtual
        basePath = base
        isSecure = url.isSecure
        host = usesPath ? url.host : "\(bucket).\(url.host)"
        port = url.port
        authority = (usesPath ? "" : "\(bucket).") + url.authority
    }

    /// The path to send for `key`, percent-encoded; nil where the key names no object.
    package func path(forKey key: String) -> [UInt8]? {
        guard ObjectKey.namesObject(key, prefixLength: prefix.utf8.count) else { return nil }
        var path: [UInt8] = []
        path.reserveCapacity(basePath.count + key.utf8.count + 32)
        path.append(contentsOf: basePath)
        ObjectKey.appendEncoded(key, to: &path)
        return path
    }

    /// The path of the bucket itself, without the prefix.
    package var bucketPath: [UInt8] {
        var folder: [UInt8] = []
        ObjectKey.appendEncoded(prefix, to: &folder)
        let path = basePath.dropLast(folder.count)
        return path.count > 1 ? path.dropLast() : Array(path)
    }

    /// A parameter's value, in bytes; one that is longer is left out.
    package static let longestParameter = 1024

    /// The query to send for a client's: of each parameter that may be sent along the first, encoded once. What is
    /// no text is left out.
    package func query(for query: String?) -> [UInt8] {
        guard !queryParameters.isEmpty, let query, let sent = QueryParameters(query) else { return [] }
        let pairs = queryParameters.compactMap { name -> (name: String, value: String)? in
            guard let value = sent.first(name), value.utf8.count <= Self.longestParameter,
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { return nil }
            return (name, value)
        }
        return pairs.isEmpty ? [] : CanonicalRequest.encodeQuery(pairs)
    }

    /// Amazon's rule is narrower (3 to 63 of lower case, digits, `-`, `.`); other servers allow these.
    private static func isBucketName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { isLabelByte($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x3A }
    }

    /// Whether a bucket's name can stand in front of a host's.
    private static func isHostLabels(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isLabelByte($0) && !(0x41...0x5A).contains($0) }
        }
    }

    static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }
}

/// Which part of an S3 origin's settings does not hold.
package enum S3ConfigurationError: Error, Sendable, Equatable {
    case bucket, region, endpoint, prefix
}
