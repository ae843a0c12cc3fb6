import Bytes
import HTTP

/// What of a message's fields goes on to an app, and back from it. Pure.
package enum UpstreamFields {
    // MARK: To the app

    /// The client's fields without those of one connection (RFC 9110 section 7.6.1), its credentials, this program's
    /// cookies, and all that says who asks or from where; these are then said anew.
    package static func request(_ request: UpstreamRequest, _ configuration: UpstreamConfiguration) -> Fields {
        let own = configuration.ownNames
        let fields = request.fields
        var out = Fields()
        out.reserve(bytes: fields.storage.count + 1024, fields: fields.count + 8)
        let options = connectionOptions(fields)
        for index in 0..<fields.count {
            let name = fields.name(at: index)
            if isHopByHop(name) || options.contains(name) || isWithheld(name) { continue }
            if own.contains(normalized(name)) { continue }
            if name == "traceparent" || name == "tracestate", request.trace != .asItCame { continue }
            out.append(index, of: fields)
        }
        if let cookies = Cookies.remaining(in: fields, without: request.isOwnCookie) {
            out.append(name: "cookie".utf8.span, value: cookies.span)
        }

        if case .begun(let trace) = request.trace { out.append(.traceparent, trace) }

        let scheme = request.isSecure ? "https" : "http"
        if let client = request.client { out.append(.xForwardedFor, client) }
        out.append(.xForwardedProto, scheme)
        out.append(.xForwardedHost, request.authority)
        if !request.mount.isEmpty { out.append(xForwardedPrefix, request.mount) }
        if configuration.sendsForwarded {
            let client = request.client.map { $0.contains(":") ? "\"[\($0)]\"" : $0 } ?? "unknown"
            out.append(.forwarded, "for=\(client);host=\"\(request.authority)\";proto=\(scheme)")
        }
        if let identity = request.identity {
            let names = configuration.names
            if let name = names.user { out.append(name, spelled(identity.user)) }
            if let name = names.email, let email = identity.email { out.append(name, spelled(email)) }
            if let name = names.groups, !identity.groups.isEmpty {
                out.append(name, identity.groups.map { spelled($0, isItem: true) }.joined(separator: ","))
            }
            if let name = names.assertion { out.append(name, identity.assertion) }
        }
        return out
    }

    /// Text as a field has it: what is not printable ASCII is percent-encoded, as are `%`, a space at either end, and in
    /// an item of a list a comma, so that no group's name can be taken for two.
    package static func spelled(_ text: String, isItem: Bool = false) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            let isPlain =
                switch byte {
                case 0x20: index > 0 && index < bytes.count - 1
                case 0x25: false
                case 0x2C: !isItem
                default: byte > 0x20 && byte < 0x7F
                }
            if isPlain { out.append(byte) } else { out += Array("%".utf8) + Hex.encode([byte]).uppercased().utf8 }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// What no client can say to an app, in whatever spelling: an app's server may take `_` or `.` for `-`.
    private static func isWithheld(_ name: String) -> Bool {
        switch name {
        case "cookie", "authorization", "expect", "host", "content-length": return true
        default: break
        }
        guard let first = name.utf8.first, "xfrtc".utf8.contains(first) else { return false }
        let name = normalized(name)
        if name.hasPrefix("x-") { return withheldPrefixes.contains { name.hasPrefix($0) } || withheld.contains(name) }
        return name == "forwarded" || withheld.contains(name)
    }

    private static let xForwardedPrefix = FieldName("x-forwarded-prefix")
    private static let withheldPrefixes = [
        "x-postern-", "x-forwarded-", "x-auth-request-", "x-remote-", "x-webauth-", "x-original-", "x-rewrite-",
    ]
    /// What else names a client, a user or another target, in the hands of one server or another.
    private static let withheld: Set<String> = [
        "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-forwarded", "x-host", "x-user", "true-client-ip",
        "cf-connecting-ip", "remote-user", "remote-addr", "forwarded-for",
    ]

    // MARK: From the app

    /// The app's fields without those of its connection, cookies of this program's names, and what would lead browsers
    /// past this program.
    /// - Parameter isShared: this program says which origins may read the answer.
    package static func response(_ fields: Fields, isShared: Bool, isOwnCookie: (String) -> Bool) -> Fields {
        var out = Fields()
        out.reserve(bytes: fields.storage.count + 256, fields: fields.count + 4)
        let options = connectionOptions(fields)
        for index in 0..<fields.count {
            let name = fields.name(at: index)
            if isHopByHop(name) || options.contains(name) { continue }
            switch name {
            case "content-length", "alt-svc", "server": continue
            case "set-cookie":
                let cookie = fields.value(at: index).prefix { $0 != "=" && $0 != ";" }
                if isOwnCookie(cookie.filter { $0 != " " && $0 != "\t" }) { continue }
            case _ where isShared && name.hasPrefix("access-control-"): continue
            default: break
            }
            out.append(index, of: fields)
        }
        return out
    }

    // MARK: Both ways

    private static func isHopByHop(_ name: String) -> Bool {
        switch name {
        case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
            "http2-settings", "proxy-authenticate", "proxy-authorization", "proxy-authentication-info":
            true
        default: false
        }
    }

    /// The fields that `Connection` names.
    private static func connectionOptions(_ fields: Fields) -> Set<String> {
        guard fields.contains(.connection) else { return [] }
        var options: Set<String> = []
        for line in fields.values(of: .connection) {
            for option in line.split(separator: ",") {
                options.insert(option.filter { $0 != " " && $0 != "\t" }.lowercased())
            }
        }
        return options
    }

    /// With a dash for whatever is neither a letter nor a digit.
    static func normalized(_ name: String) -> String {
        guard name.utf8.contains(where: { !isPlain($0) }) else { return name }
        return String(decoding: name.utf8.map { isPlain($0) ? $0 : 0x2D }, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x2D: true
        default: false
        }
    }
}
