import Foundation
import Glibc

/// Makes and removes what the tests of files need.
enum TestFiles {
    static func makeDirectory(_ path: String) { mkdir(path, 0o700) }

    static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        bytes.withUnsafeBytes { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        chmod(path, mode)
    }

    static func link(_ path: String, to target: String) { symlink(target, path) }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
