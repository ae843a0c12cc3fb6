/// A site's content: how paths become objects, which origins have them, and what answers say beside them.
extension ConfigurationReader {
    mutating func content(in site: SettingSection, authPath: String) -> ContentSettings {
        let section = site.section("content")
        var content = ContentSettings(
            index: name(Options.contentIndex, in: section), cleanURLs: section.value(Options.contentCleanURLs))
        content.fallback = page(Options.contentFallback, in: section, authPath)
        content.notFound = page(Options.contentNotFound, in: section, authPath)
        content.forbidden = page(Options.contentForbidden, in: section, authPath)
        if content.forbidden != nil, !site.has(Options.siteProvider) {
            faults.error(
                section.position(of: Options.contentForbidden), section.key(of: Options.contentForbidden),
                "nobody would see the page, for nobody can sign in to the site", "Name a provider, or remove the page")
        }
        content.redirectOrigins = section.value(Options.contentRedirectOrigins).map(\.value)
        content.precompressed = precompressed(in: section)
        content.compression = section.value(Options.contentCompression)
        content.compressionMinimum = section.value(Options.contentCompressionMinimum)
        if !content.compression, section.has(Options.contentCompressionMinimum) {
            faults.error(
                section.position(of: Options.contentCompressionMinimum),
                section.key(of: Options.contentCompressionMinimum), "nothing is compressed, for compression is false",
                "Remove one of the two")
        }
        content.cacheControl = cacheControl(in: site.section("cache_control"))
        content.headers = headers(in: site.section("headers"))
        return content
    }

    private func name(_ option: Option<String>, in section: SettingSection) -> String? {
        let text = section.value(option)
        return text.isEmpty ? nil : text
    }

    private mutating func page(_ option: Option<String>, in section: SettingSection, _ authPath: String) -> String? {
        guard let path = name(option, in: section) else { return nil }
        if Self.isBelow(authPath, path) {
            faults.error(
                section.position(of: option), section.key(of: option), "the page is below auth_path (\(authPath))",
                "Nothing there is looked up in an origin: put the page elsewhere")
        }
        return path
    }

    private mutating func precompressed(in section: SettingSection) -> [Precompression] {
        var codings: [Precompression] = []
        for coding in section.value(Options.contentPrecompressed) {
            if codings.contains(coding.value) {
                faults.error(
                    coding.position, section.key(of: Options.contentPrecompressed),
                    "'\(coding.value.rawValue)' stands there twice", "Keep one of the two")
            }
            codings.append(coding.value)
        }
        return codings
    }

    /// That pages which stand in are content: an app has none to be fetched. A page that nobody wrote is then none.
    mutating func checkPages(
        _ content: inout ContentSettings, _ origin: String, _ mounts: PathMap<String>, in site: SettingSection,
        _ context: SiteContext
    ) {
        let section = site.section("content")
        let pages: [(Option<String>, WritableKeyPath<ContentSettings, String?>)] = [
            (Options.contentFallback, \.fallback), (Options.contentNotFound, \.notFound),
            (Options.contentForbidden, \.forbidden),
        ]
        for (option, page) in pages {
            guard let path = content[keyPath: page] else { continue }
            let place = mounts.entry(for: path.split(separator: "/").map(String.init))?.value ?? origin
            guard context.apps.contains(place) else { continue }
            content[keyPath: page] = nil
            guard section.has(option) else { continue }
            faults.error(
                section.position(of: option), section.key(of: option),
                "\(path) is a page of the app \(place), and only content stands in for other pages",
                "Name a page of an origin with content, or remove the key")
        }
    }

    /// A parameter names a version, or a form, of the plain object: a compressed one beside it is another object.
    mutating func checkVersions(
        _ content: ContentSettings, _ origins: [String], in site: SettingSection, _ context: SiteContext
    ) {
        let section = site.section("content")
        guard !content.precompressed.isEmpty, let origin = origins.first(where: context.originsOfVersions.contains)
        else { return }
        faults.error(
            section.position(of: Options.contentPrecompressed), section.key(of: Options.contentPrecompressed),
            "the origin \(origin) has query_parameters, which name versions of the plain files alone",
            "Remove one of the two, or give the site another origin of the same bucket")
    }

    private static func isBelow(_ authPath: String, _ path: String) -> Bool {
        let path = path.lowercased(), authPath = authPath.lowercased()
        return path == authPath || path.hasPrefix(authPath + "/")
    }

    // MARK: Mounts

    mutating func mounts(in site: SettingSection, authPath: String, _ context: SiteContext) -> PathMap<String> {
        let section = site.section("mounts")
        var mounts: [PathMap<String>.Entry] = []
        for (path, entry) in patterns(in: section) {
            let key = (section.path + [entry.key]).dotted
            guard case .value(let origin) = entry.node.content else { continue }
            check(origin.text, isAmong: context.origins, entry.position, key, noun: "origin")
            do throws(ValueProblem) {
                mounts.append(.init(try Self.mount(path, authPath), origin.text))
            } catch {
                faults.error(entry.position, key, error.message, error.remedy)
            }
        }
        return PathMap(mounts)
    }

    /// The pattern of all that is below a path.
    private static func mount(_ path: PathPattern, _ authPath: String) throws(ValueProblem) -> PathPattern {
        guard !path.endsWithAll, !path.segments.contains(.any) else {
            throw ValueProblem("a mount's path holds no *", "Write one such as /reports/")
        }
        guard !path.segments.isEmpty else {
            throw ValueProblem("that is the whole site, whose origin `origin` names", "Remove it")
        }
        guard !isBelow(authPath, path.description) else {
            throw ValueProblem(
                "the path is below auth_path (\(authPath))", "Nothing there is looked up in an origin: choose another")
        }
        return PathPattern(segments: path.segments, endsWithAll: true)
    }

    // MARK: By pattern

    private mutating func cacheControl(in section: SettingSection) -> PathMap<String> {
        var found: [PathMap<String>.Entry] = []
        for (pattern, entry) in patterns(in: section) {
            guard case .value(let value) = entry.node.content else { continue }
            found.append(.init(pattern, value.text.trimmed))
        }
        return PathMap(found)
    }

    private mutating func headers(in section: SettingSection) -> PathMap<[FieldSetting]> {
        var found: [PathMap<[FieldSetting]>.Entry] = []
        for (pattern, entry) in patterns(in: section) {
            guard case .section(let fields) = entry.node.content else { continue }
            var settings: [FieldSetting] = []
            for field in fields {
                let key = (section.path + [entry.key, field.key]).dotted
                guard case .value(let value) = field.node.content else { continue }
                do throws(ValueProblem) {
                    try Self.checkField(field.key)
                } catch {
                    faults.error(field.position, key, error.message, error.remedy)
                }
                if settings.contains(where: { $0.name.lowercased() == field.key.lowercased() }) {
                    faults.error(field.position, key, "the field stands there twice", "Keep one of the two")
                }
                settings.append(FieldSetting(name: field.key, value: value.text.trimmed))
            }
            found.append(.init(pattern, settings))
        }
        return PathMap(found)
    }

    /// The entries of a section whose keys are patterns.
    private mutating func patterns(in section: SettingSection) -> [(PathPattern, SettingNode.Entry)] {
        guard case .section(let entries) = section.node?.content else { return [] }
        var found: [(PathPattern, SettingNode.Entry)] = []
        for entry in entries {
            let key = (section.path + [entry.key]).dotted
            do throws(ValueProblem) {
                let pattern = try PathPattern(entry.key)
                if let (_, other) = found.first(where: { $0.0 == pattern }) {
                    faults.error(
                        entry.position, key,
                        "the pattern matches the same as the one on \(other.position.shown(beside: entry.position))",
                        "Keep one of the two")
                }
                found.append((pattern, entry))
            } catch {
                faults.error(entry.position, key, error.message, error.remedy)
            }
        }
        return found
    }

    /// That the field is the author's to set: not one that says where the message ends, which version of the content
    /// it is, or what another option says.
    private static func checkField(_ name: String) throws(ValueProblem) {
        guard CacheDirectives.isToken(name) else {
            throw ValueProblem("'\(name)' is no field's name", "Write one such as X-Frame-Options")
        }
        let lowered = name.lowercased()
        if let option = otherOptions[lowered] {
            throw ValueProblem("\(name) is not set here", "Write \(option) instead")
        }
        guard !reservedFields.contains(lowered), !lowered.hasPrefix("access-control-") else {
            throw ValueProblem("\(name) is Postern's own to say", "Remove it")
        }
    }

    private static let otherOptions = [
        "cache-control": "cache_control", "strict-transport-security": "hsts", "clear-site-data": "clear_site_data",
        "access-control-allow-origin": "cors_origins",
    ]

    private static let reservedFields: Set<String> = [
        "accept-ranges", "age", "connection", "content-encoding", "content-length", "content-range", "date", "etag",
        "expires", "keep-alive", "last-modified", "location", "proxy-authenticate", "proxy-connection", "set-cookie",
        "te", "trailer", "transfer-encoding", "upgrade", "vary", "www-authenticate",
    ]
}
