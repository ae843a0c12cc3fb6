import Glibc

/// The targets by name. One program holds them all, so that it is built once; `POSTERN_FUZZ_TARGET` says which of
/// them this run feeds.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "config_ini": { fuzzConfiguration($0, ending: "ini") },
    "config_yaml": { fuzzConfiguration($0, ending: "yaml") },
    "cookies": fuzzCookies,
    "credentials": fuzzCredentials,
    "form": fuzzForm,
    "http1_app": fuzzAppRequest,
    "http1_request": fuzzHTTP1Request,
    "http1_response": fuzzHTTP1Response,
    "http2": fuzzHTTP2,
    "json": fuzzJSON,
    "jwt": fuzzJWT,
    "proxies": fuzzProxies,
    "ranges": fuzzRanges,
    "return_target": fuzzReturnTarget,
    "sealed": fuzzSealed,
    "target": fuzzTarget,
]

private let chosen: @Sendable ([UInt8]) -> Void = {
    guard let name = getenv("POSTERN_FUZZ_TARGET").map({ String(cString: $0) }), let target = targets[name] else {
        print("POSTERN_FUZZ_TARGET names none of: \(targets.keys.sorted().joined(separator: " "))")
        exit(2)
    }
    return target
}()

/// libFuzzer's way in. A trap is a finding, and so is `expect` with a condition that does not hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager makes the symbol `main` a name for this one.
@_cdecl("Fuzz_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, fuzzOneInput)
}

/// What must hold for every input.
func expect(
    _ condition: Bool, _ what: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !condition { fatalError("does not hold: \(what())", file: file, line: line) }
}

/// Numbers that follow from an input alone, so that a finding can be had again.
struct InputRandom {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ input: [UInt8]) {
        for byte in input { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    mutating func next(below limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}

/// Ascending offsets at which `count` bytes are cut: none, each one, and some.
func waysToCut(_ input: [UInt8]) -> [[Int]] {
    guard input.count > 1 else { return [[]] }
    var random = InputRandom(input)
    var some: [Int] = []
    var offset = 0
    while true {
        offset += 1 + random.next(below: random.next(below: 4) == 0 ? 64 : 6)
        guard offset < input.count else { break }
        some.append(offset)
    }
    return [[], Array(1..<input.count), some]
}
