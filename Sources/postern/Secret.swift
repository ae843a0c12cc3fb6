import ArgumentParser
import Bytes
import Cryptography

struct Secret: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a fresh session key.",
        discussion: "Keep it in a file that only Postern can read: postern secret > /etc/postern/session.key")

    func run() {
        StandardStreams.print(Base64URL.encode(SecureRandom.bytes(32)) + "\n")
    }
}
