import Posix
import Testing

@Test(arguments: ["127.0.0.1:80", "0.0.0.0:0", "[::1]:443", "[2001:db8::a]:65535", "unix:/run/x.sock", "unix:@name"])
func anAddressReadsBackAsWritten(_ text: String) throws {
    #expect(try #require(SocketAddress(text)).description == text)
}

@Test(arguments: [
    "", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "127.0.0.1: 80", "::1:80", "[::1]",
    "[127.0.0.1]:80", "[]:80", "256.0.0.1:80", "example.com:80", "unix:", "unix:/a\0b", "127.0.0.1\0:80",
    "unix:/" + String(repeating: "a", count: 107),
])
func whatIsNoAddressIsRefused(_ text: String) {
    #expect(SocketAddress(text) == nil)
}

@Test func localhostIsItsFirstAddress() {
    #expect(SocketAddress("localhost:8080") == .ipv4(address: 0x7F00_0001, port: 8080))
}

@Test(arguments: [
    ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("128.0.0.1:1", false), ("0.0.0.0:1", false), ("[::1]:1", true),
    ("[::]:1", false), ("[::ffff:127.0.0.1]:1", true), ("[::ffff:10.0.0.1]:1", false), ("[::2]:1", false),
    ("unix:/x", true),
])
func onlyTheMachineItselfIsLoopback(_ text: String, _ isLoopback: Bool) {
    #expect(SocketAddress(text)!.isLoopback == isLoopback)
}

@Test func aMappedAddressShowsAsIPv4() {
    let mapped = SocketAddress("[::ffff:192.0.2.7]:80")!
    #expect(mapped.ip == "192.0.2.7")
    #expect(mapped.ipBytes == [192, 0, 2, 7])
    #expect(SocketAddress("[2001:db8::1]:80")!.ipBytes.count == 16)
}

@Test func theLongestUnixPathIsTaken() {
    #expect(SocketAddress("unix:/" + String(repeating: "a", count: 106)) != nil)
}
