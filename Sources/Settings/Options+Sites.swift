/// The options of sites.
extension Options {
    static let siteHosts = Option(
        "sites.*.hosts", .list(.host),
        "The hosts that the site answers to, with a port only where it is not the scheme's own. No host belongs to two sites."
    )
    static let sitePublicURL = Option(
        "sites.*.public_url", .url,
        "Scheme and host that browsers see. Needed only where neither a TLS listener nor a trusted proxy tells.")
    static let siteProvider = Option(
        "sites.*.provider", .list(.reference(to: "providers")),
        "Who signs people in; of several a page lets people choose, in this order. Left out: nobody can, and every rule must be `anyone` or `nobody`."
    )
    static let siteOrigin = Option("sites.*.origin", .reference(to: "origins"), "Where the site's content is.")
    static let siteAuthPath = Option(
        "sites.*.auth_path", .authPath, default: "/.auth",
        "Where Postern's own pages are; nothing below it is looked up in the origin.")
    static let siteHSTS = Option(
        "sites.*.hsts", .duration("0", "3650d"), default: "180d",
        "How long browsers are to use `https` alone for the site's hosts (Strict-Transport-Security, RFC 6797), told in every answer over HTTPS and on no loopback host; `0` says nothing. Browsers keep to it for the whole host, whatever the port."
    )
    static let siteCORSOrigins = Option(
        "sites.*.cors_origins", .list(.webOrigin), default: "",
        "Origins whose scripts may read the site's answers, content and 401s alike, with credentials (CORS): scheme, host, and a port where it is not the scheme's own. No other origin is told anything."
    )
    static let sessionIdle = Option(
        "sites.*.session.idle", .duration("1s", "365d"), default: "1h", "Unused for this long, a session ends.")
    static let sessionLifetime = Option(
        "sites.*.session.lifetime", .duration("1s", "365d"), default: "12h",
        "Used or not, a session ends after this long.")
    static let sessionEndsWithToken = Option(
        "sites.*.session.ends_with_token", .flag, default: "false", "Whether a session ends with its ID token.")
    static let sessionCookie = Option(
        "sites.*.session.cookie", .cookieName, default: "__Host-postern",
        "The session cookie's name; `-browser` is added for the one that ties sign-ins to the browser. Over plain HTTP on a loopback host `__Host-` is left out."
    )
    static let sessionClearSiteData = Option(
        "sites.*.session.clear_site_data", .list(.choice(ofType: ClearSiteData.self)), default: "",
        "What browsers are told to throw away of the site when somebody signs out there (`Clear-Site-Data`): `cache`, `cookies`, `storage`, `executionContexts`. Copies of private pages in the browser's cache go with `cache`."
    )
    static let cloudFrontCallbackPath = Option(
        "sites.*.cloudfront.callback_path", .authPath,
        "The path of the redirect URI that the provider knows from before, such as `/parseauth`: it takes the place of `/.auth/callback`."
    )
    static let cloudFrontRefreshPath = Option(
        "sites.*.cloudfront.refresh_path", .authPath,
        "Where the sample renewed tokens, such as `/refreshauth`. Its static-site mode sends the refresh token there alone."
    )
    static let cloudFrontSignOutPath = Option(
        "sites.*.cloudfront.sign_out_path", .authPath,
        "A second path of the sign-out page, such as `/signout`, for links that are there already.")
    static let cloudFrontCookies = Option(
        "sites.*.cloudfront.cookies", .choice(ofType: CloudFrontSettings.Cookies.self), default: "off",
        "The cookies of cloudfront-authorization-at-edge. `accept`: whoever comes with them and without a session of Postern's is given one, once the ID token is verified, and they are removed; `issue`: they are accepted, stay, and are set after sign-ins and renewals, for applications that read them; `off`: they mean nothing."
    )
    static let cloudFrontMode = Option(
        "sites.*.cloudfront.mode", .choice(ofType: CloudFrontSettings.Mode.self), default: "spa",
        "What the cookies are like. `spa`: Amplify's names, for scripts to read; `static`: Amplify's names, HttpOnly, the refresh token at `refresh_path` alone; `elasticsearch`: `ID-TOKEN` and the like, HttpOnly."
    )
    static let contentIndex = Option(
        "sites.*.content.index", .fileName, default: "index.html",
        "The file for `/` and for paths that end with `/`; empty for none.")
    static let contentFallback = Option(
        "sites.*.content.fallback", .sitePath, default: "",
        "A single-page application's page: navigations to unknown paths without an extension get it.")
    static let contentCleanURLs = Option(
        "sites.*.content.clean_urls", .flag, default: "false", "Whether `/a` finds `a.html`, then `a/index.html`.")
    static let contentNotFound = Option(
        "sites.*.content.not_found", .sitePath, default: "/404.html",
        "The page for what is not there; empty for Postern's own.")
    static let contentForbidden = Option(
        "sites.*.content.forbidden", .sitePath, default: "",
        "The page, with 403, for people who have signed in and whom a rule refuses, so that what stands in it is for all of them, whatever the rule of its own path; empty for Postern's own."
    )
    static let contentRedirectOrigins = Option(
        "sites.*.content.redirect_origins", .list(.webOrigin), default: "",
        "Where an object's `x-amz-website-redirect-location` may lead beside paths of the site: scheme, host, and a port where it is not the scheme's own."
    )
    static let contentPrecompressed = Option(
        "sites.*.content.precompressed", .list(.choice(ofType: Precompression.self)), default: "",
        "Codings in which files stand compressed beside the plain ones, `app.js.br` (`br`) and `app.js.gz` (`gzip`) beside `app.js`: where a client takes several alike, in this order. Costs another request to the origin where there is no such file."
    )
    static let contentCompression = Option(
        "sites.*.content.compression", .flag, default: "true",
        "Whether content that grows smaller by it (text, scripts, JSON, SVG) is sent with gzip to clients that take it, unless it is compressed already."
    )
    static let contentCompressionMinimum = Option(
        "sites.*.content.compression_min_size", .size(0...1_073_741_824), default: "1KiB",
        "Content that is shorter is not compressed.")
    static let siteMount = Option(
        "sites.*.mounts.*", .reference(to: "origins"),
        "The origin that has what is below the key, a path such as `/reports/`, which is taken off: `/reports/a.html` is `a.html` there. Of several the longest path decides."
    )
    static let siteCacheControl = Option(
        "sites.*.cache_control.*", .cacheControl,
        "In place of what the origin says of the paths that the key matches. Where a path is not for anyone, the answer is private all the same."
    )
    static let siteHeader = Option(
        "sites.*.headers.*.*", .fieldValue,
        "The value of the field whose name the key is, in place of another of that name; empty for no such field.")
    static let pagesName = Option(
        "sites.*.pages.name", .pageText(100), "What Postern's own pages call the site. Left out: its first host.")
    static let pagesLogo = Option(
        "sites.*.pages.logo", .logo,
        "A picture above the site's name: a path on the site, which a rule must let everybody in to, or `file:PATH`, an SVG, PNG, JPEG or WebP file of 64 KiB at most, which is read at the start and put into the pages."
    )
    static let pagesAccent = Option(
        "sites.*.pages.accent", .colour, default: "1d4ed8",
        "The colour of the first button, in hexadecimal; `#` in front begins a comment where it stands in no quotes. What stands on it is white or black, and on dark ground it is made lighter, so that both can be read."
    )
    static let pagesBackground = Option(
        "sites.*.pages.background", .colour,
        "The colour of the ground that the pages' card lies on, in hexadecimal. Where the reader's system is dark it is made darker. Left out: a light grey, and a dark one."
    )
    static let pagesContact = Option(
        "sites.*.pages.contact", .contact, "Where people who need help are led: an e-mail address or a URL.")
    static let pagesText = Option(
        "sites.*.pages.texts.*.*", .pageText(500),
        "Other words for a text of the pages, whose names the reference lists. The first key is a language (`en`, `de`, `fr`, `es`, `ja`), or `any` for those that have none of their own."
    )
    static let siteRule = Option(
        "sites.*.rules.*", .requirement,
        "Who may see the paths that the key, a pattern, matches. A pattern is a path in which `*` is one segment and a last `**` any number of them, none included. Before it may stand methods, as in `GET /reports/**`. The most specific pattern decides, whatever the order; where none matches, whoever has signed in may see the path."
    )
}

/// `precompressed`'s words.
package enum Precompression: String, Sendable, CaseIterable { case br, gzip }
