import Posix

/// Where this program keeps what must outlive it.
enum StateDirectory {
    /// The directories to try, in their order: what the config says and no other; else what systemd gives, the system's
    /// own, and the user's (XDG Base Directory Specification).
    static func candidates(configured: String?, environment: [String: String]) -> [String] {
        if let configured { return [configured] }
        // systemd gives several with colons between them (systemd.exec, RuntimeDirectory=).
        if let given = environment["STATE_DIRECTORY"]?.split(separator: ":").first, given.hasPrefix("/") {
            return [String(given)]
        }
        var candidates = ["/var/lib/postern"]
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            candidates.append(state + "/postern")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            candidates.append((home == "/" ? "" : home) + "/.local/state/postern")
        }
        return candidates
    }

    /// The first of them that can be written to; what is missing of it is made.
    static func open(_ candidates: [String]) -> (path: String?, problems: [SystemError]) {
        var problems: [SystemError] = []
        for path in candidates {
            do throws(SystemError) {
                try make(path)
                try File.probeWriting(directory: path)
                return (path, problems)
            } catch {
                problems.append(error)
            }
        }
        return (nil, problems)
    }

    private static func make(_ path: String) throws(SystemError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            if (try? FileStatus.of(path: made))?.isDirectory == true { continue }
            try File.makeDirectory(path: made)
        }
    }
}
