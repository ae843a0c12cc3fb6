import Cryptography
import Glibc
import Tokens

// What checking an ID token costs that was never seen before: `Signatures TOKEN KEYS ISSUER CLIENT NOW` prints how many
// microseconds of CPU the signature takes, and how many the whole token. Run by bench/signatures.py.

func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// - Returns: microseconds of CPU a call: the best of some rounds, for what others do only adds.
func measure(_ body: () -> Bool) -> Double {
    var best = Double.infinity
    for _ in 0..<20 {
        let begin = cpuSeconds()
        for _ in 0..<1000 { precondition(body(), "the token does not hold") }
        best = min(best, (cpuSeconds() - begin) * 1e3)
    }
    return best
}

let arguments = CommandLine.arguments
let token = Array(arguments[1].utf8)
let keys = try KeySet.parse(json: Array(arguments[2].utf8))
let policy = TokenPolicy(issuer: arguments[3], audiences: [arguments[4]])
let now = Int64(arguments[5])!
let jws = try JWS.parse(token, algorithms: [.rs256])
let key = keys.keys[0].key
print(measure { jws.isSigned(by: key) })
print(measure { (try? TokenVerifier.verifyIDToken(token, keys: keys, policy: policy, nonce: nil, now: now)) != nil })
