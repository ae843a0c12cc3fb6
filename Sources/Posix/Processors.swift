import Glibc

/// How much of the machine's processors this process can use.
package enum Processors {
    /// How many it can keep busy at a time: those that it may run on (its affinity), or as many as its control groups'
    /// quota comes to, whichever is less; one at least.
    package static var available: Int {
        let allowed = allowed(status: text("/proc/self/status") ?? "") ?? online
        return max(1, min(allowed, quota(groups: text("/proc/self/cgroup") ?? "", read: text) ?? allowed))
    }

    private static var online: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameter status: what proc(5) has in `/proc/self/status`: `Cpus_allowed:` and a mask in hexadecimal, with commas.
    /// - Returns: nil where it does not say.
    package static func allowed(status: String) -> Int? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        guard let line else { return nil }
        let count = line.drop { $0 != ":" }.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
        return count > 0 ? count : nil
    }

    /// The least that the process's control groups, from its own up to the outermost, let it use, in processors and rounded
    /// up; nil where none says anything.
    ///
    /// - Parameters:
    ///   - groups: what cgroups(7) has in `/proc/self/cgroup`: `0::PATH` in version 2, `N:cpu,cpuacct:PATH` in version 1.
    ///   - read: the content of a file; nil where it cannot be read. In a container the path may be one that is not
    ///     there, and the outermost group that is seen is the container's.
    package static func quota(groups: String, read: (String) -> String?) -> Int? {
        var least: Int?
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[0] == "0" && parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains("cpu") else { continue }
            var path = parts[2].split(separator: "/")
            while true {
                let directory = "/sys/fs/cgroup" + (isVersion2 ? "" : "/cpu") + path.map { "/\($0)" }.joined()
                let found = isVersion2 ? version2(directory, read) : version1(directory, read)
                if let found { least = min(found, least ?? .max) }
                guard path.popLast() != nil else { break }
            }
        }
        return least
    }

    /// `QUOTA PERIOD`, in microseconds; the quota may be `max`.
    private static func version2(_ directory: String, _ read: (String) -> String?) -> Int? {
        let words = (read(directory + "/cpu.max") ?? "").split { $0.isWhitespace }
        return words.count == 2 ? processors(Int(words[0]), Int(words[1])) : nil
    }

    /// A file each; the quota may be -1.
    private static func version1(_ directory: String, _ read: (String) -> String?) -> Int? {
        func number(_ name: String) -> Int? {
            read(directory + name)?.split { $0.isWhitespace }.first.flatMap { Int($0) }
        }
        return processors(number("/cpu.cfs_quota_us"), number("/cpu.cfs_period_us"))
    }

    private static func processors(_ quota: Int?, _ period: Int?) -> Int? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return max(1, quota / period + (quota % period == 0 ? 0 : 1))
    }

    private static func text(_ path: String) -> String? {
        (try? File.read(path: path, limit: 64 << 10)).map { String(decoding: $0, as: UTF8.self) }
    }
}
