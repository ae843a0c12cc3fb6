import Bytes
import HTTP
import Origins
import Transport

private let configuration = UpstreamConfiguration(
    endpoint: Endpoint(host: "127.0.0.1", port: 1, isSecure: false), authority: "app.test", basePath: "/base/")
private let identity = UpstreamIdentity(user: "u", email: "e", groups: ["g,h"], assertion: "a.b.c")

/// Whatever a client sends, an app gets one request, for the path that was decided on, and believes nobody but Postern.
@Sendable func fuzzAppRequest(_ input: [UInt8]) {
    let (reading, requests) = readRequests(input, cuts: [], limits: HTTP1Limits())
    for (message, request) in zip(reading.messages, requests) where message.isComplete {
        guard let target = try? RequestTarget(request.target) else { continue }
        checkPassedOn(request, target, message.body)
    }
}

private func checkPassedOn(_ request: Request, _ target: RequestTarget, _ body: [UInt8]) {
    let path = UpstreamTarget.text(target.segments, isDirectory: target.isDirectory, query: target.query)
    let fields = UpstreamFields.request(
        UpstreamRequest(
            method: request.method, target: path, fields: request.fields, authority: request.authority, isSecure: true,
            client: "192.0.2.1", identity: identity, isOwnCookie: { $0.hasPrefix("postern") }), configuration)
    var out: [UInt8] = []
    HTTP1Serializer.appendRequest(
        method: request.method, target: configuration.basePath + path, host: request.authority, fields: fields,
        framing: .chunked, to: &out)
    if !body.isEmpty {
        HTTP1Serializer.appendChunkStart(body.count, to: &out)
        out += body
        HTTP1Serializer.appendChunkEnd(to: &out)
    }
    HTTP1Serializer.appendLastChunk(to: &out)

    let (again, parsed) = readRequests(out, cuts: [], limits: wideLimits)
    expect(again.error == nil && parsed.count == 1 && again.consumed == out.count, "an app gets one request: \(again)")
    expect(again.messages[0].isComplete && again.messages[0].body == body, "with its content")
    guard let seen = try? RequestTarget(parsed[0].target) else { fatalError("no target: \(parsed[0].target)") }
    expect(Array(seen.segments.dropFirst()) == target.segments, "the path is the one that was decided on: \(path)")
    expect(seen.query == target.query && seen.isDirectory == target.isDirectory, "and the query")
    expect(!seen.path.utf8.contains(0x3B), "no server cuts anything off it")

    let said = [
        ("x-postern-user", "u"), ("x-postern-email", "e"), ("x-postern-groups", "g%2Ch"),
        ("x-postern-assertion", "a.b.c"),
        ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"), ("x-forwarded-host", request.authority),
    ]
    for (name, value) in said {
        expect(parsed[0].fields.values(of: FieldName(name)) == [value], "\(name) is Postern's")
    }
    for index in 0..<parsed[0].fields.count {
        let name = parsed[0].fields.name(at: index)
        let spelling = String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" })
        let isOurs = said.contains { $0.0 == name }
        expect(
            isOurs || !spelling.hasPrefix("x-postern-") && !spelling.hasPrefix("x-forwarded-"),
            "no other says so: \(name)")
        expect(
            !["authorization", "forwarded", "expect", "upgrade", "te", "connection"].contains(name), "\(name) stays")
    }
    let cookies = Cookies.pairs(withPrefix: "", in: parsed[0].fields)
    expect(!cookies.contains { $0.name.hasPrefix("postern") }, "no cookie of Postern's")
    let others = Cookies.pairs(withPrefix: "", in: request.fields).filter { !$0.name.hasPrefix("postern") }
    expect(cookies.elementsEqual(others, by: ==), "all others")
}
