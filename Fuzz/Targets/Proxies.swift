import Bytes
import HTTP
import Transport

/// What a proxy says of its client, in fields and before the first request.
@Sendable func fuzzProxies(_ input: [UInt8]) {
    checkHeader(input)
    checkHeader(Array("PROXY ".utf8) + input)
    checkHeader([0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A] + input)
    // A field's value holds no control byte.
    checkFields(input.filter { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 })
}

private func checkHeader(_ input: [UInt8]) {
    let whole = ProxyHeader.read(input.span)
    switch whole {
    case .header(let header):
        expect((1...min(input.count, ProxyHeader.longest)).contains(header.length), "a header lies in what has come")
        for count in [0, 1, header.length / 2, header.length - 1] {
            expect(ProxyHeader.read(input.span.extracting(0..<count)) == .needMore, "a part of a header asks for more")
        }
        expect(ProxyHeader.read(input.span.extracting(0..<header.length)) == whole, "what follows does not matter")
    case .needMore: expect(input.count <= ProxyHeader.longest, "so long a header is refused")
    case .refused: break
    }
}

/// Whatever a client writes, what the nearest proxy appends is read as it was written.
private func checkFields(_ value: [UInt8]) {
    func elements(_ name: FieldName, _ value: [UInt8]) -> [ForwardedFields.Element] {
        var fields = Fields()
        fields.append(name: name.text.utf8.span, value: value.span)
        return name == .forwarded ? ForwardedFields.forwarded(fields) : ForwardedFields.xForwarded(fields)
    }
    for name in [FieldName.forwarded, .xForwardedFor] {
        expect(elements(name, value).count <= value.count + 1, "as many elements as could stand there")
    }
    let told = elements(.xForwardedFor, value + Array(", 192.0.2.1".utf8))
    expect(told.first?.client == "192.0.2.1", "the last address of \(told)")
    let said = elements(.forwarded, value + Array(", for=\"[2001:db8::1]:80\";proto=https".utf8))
    expect(said.first?.client == "2001:db8::1" && said.first?.scheme == "https", "the last element of \(said)")
}
