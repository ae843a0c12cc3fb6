import Settings

/// A page of Postern's own: what it says and what a person can do next. In which words is `PageTexts`' matter, how it
/// looks `PageTemplate`'s.
struct Page: Sendable {
    /// Something said: words of the table with what stands for their placeholders, or words from elsewhere.
    enum Phrase: Sendable, Equatable {
        case text(PageText, [String: String] = [:])
        /// The name of a provider, for example.
        case verbatim(String)
    }

    /// A link, or a button that posts a form to `href`.
    struct Action: Sendable {
        enum Kind: Sendable { case link, post }
        var label: Phrase
        var href: String
        var kind: Kind = .link
        /// What a form carries besides.
        var fields: [(name: String, value: String)] = []

        init(_ label: PageText, _ href: String, _ kind: Kind = .link) {
            self.init(.text(label), href, kind)
        }

        init(
            _ label: Phrase, _ href: String, _ kind: Kind = .link, fields: [(name: String, value: String)] = []
        ) {
            self.label = label
            self.href = href
            self.kind = kind
            self.fields = fields
        }

        static let startPage = Action(.startPage, "/")
    }

    var status: Int
    var title: PageText
    /// A paragraph each; escaped when rendered.
    var paragraphs: [Phrase]
    /// The first is the one that most people want, unless they are a choice.
    var actions: [Action] = []
    /// The actions are ways to one end, none before the others: a list.
    var isChoice = false
    /// Goes on by itself to the first action, for the cases where going on is safe and is what everybody wants.
    var continuesByItself = false

    init(
        _ status: Int, _ title: PageText, _ paragraphs: Phrase..., actions: [Action] = [], isChoice: Bool = false,
        continuesByItself: Bool = false
    ) {
        self.status = status
        self.title = title
        self.paragraphs = paragraphs
        self.actions = actions
        self.isChoice = isChoice
        self.continuesByItself = continuesByItself
    }
}

// MARK: What is asked for

extension Page {
    static func badRequest() -> Page { Page(400, .badRequestTitle, .text(.badRequest), actions: [.startPage]) }

    static func unknownHost() -> Page { Page(421, .unknownHostTitle, .text(.unknownHost)) }

    static func misdirected() -> Page { Page(421, .misdirectedTitle, .text(.misdirected), actions: [.startPage]) }

    static func formTooLarge() -> Page { Page(413, .tooLargeTitle, .text(.tooLarge), actions: [.startPage]) }

    static func formTimedOut() -> Page { Page(408, .tooSlowTitle, .text(.tooSlow), actions: [.startPage]) }

    /// Another site's page would have something done.
    static func crossSite() -> Page { Page(403, .badRequestTitle, .text(.badRequest), actions: [.startPage]) }

    static func methodNotAllowed() -> Page { Page(405, .methodTitle, .text(.method), actions: [.startPage]) }

    static func notFound() -> Page { Page(404, .notFoundTitle, .text(.notFound), actions: [.startPage]) }
}

// MARK: Who may see it

extension Page {
    /// Signed in, but a rule does not let this account in.
    static func forbidden(account: String, switchAccount: String, signOut: String) -> Page {
        Page(
            403, .forbiddenTitle, .text(.signedInAs, ["account": account]), .text(.forbidden),
            actions: [Action(.useAnotherAccount, switchAccount), .startPage, Action(.signOut, signOut)])
    }

    /// The provider was asked for a stronger or a more recent sign-in, and has not done it.
    static func stepUpFailed(account: String, retry: String, switchAccount: String) -> Page {
        Page(
            403, .stepUpTitle, .text(.signedInAs, ["account": account]), .text(.stepUp),
            actions: [Action(.tryAgain, retry), Action(.useAnotherAccount, switchAccount), .startPage])
    }

    /// A rule lets nobody in, whoever asks.
    static func closed() -> Page { Page(403, .closedTitle, .text(.closed), actions: [.startPage]) }
}

// MARK: Signing in and out

extension Page {
    /// Several ways to sign in.
    /// - Parameter choices: what each is called, and where its sign-in starts.
    static func chooseProvider(_ choices: [(name: String, href: String)]) -> Page {
        Page(
            200, .chooseTitle, .text(.choose), actions: choices.map { Action(.verbatim($0.name), $0.href) },
            isChoice: true)
    }

    static func signInFailed(status: Int = 400, _ reason: Phrase, retry: String, continues: Bool = false) -> Page {
        Page(
            status, .signInFailedTitle, reason, actions: [Action(.tryAgain, retry)], continuesByItself: continues)
    }

    /// The browser came back from the provider without the cookie that it was sent there with.
    static func cookiesMissing(retry: String) -> Page {
        Page(400, .cookiesTitle, .text(.cookies), actions: [Action(.tryAgain, retry)])
    }

    /// The browser signs in and comes back as nobody, again and again.
    static func signInLoop(retry: String) -> Page {
        Page(
            400, .loopTitle, .text(.loop), .text(.loopHelp), actions: [Action(.tryAgain, retry), .startPage])
    }

    static func sessionTooLarge(retry: String) -> Page {
        Page(
            400, .accountTooLargeTitle, .text(.accountTooLarge), .text(.accountTooLargeHelp),
            actions: [Action(.tryAgain, retry)])
    }

    static func providerUnavailable(retry: String) -> Page {
        Page(503, .providerDownTitle, .text(.providerDown), actions: [Action(.tryAgain, retry)])
    }

    /// - Parameter token: shows that the form is ours.
    static func signOut(account: String?, action: String, token: String) -> Page {
        guard let account else {
            return Page(200, .signedOutTitle, .text(.noSession), actions: [.startPage])
        }
        return Page(
            200, .signOutTitle, .text(.signedInAs, ["account": account]),
            actions: [Action(.text(.signOut), action, .post, fields: [("token", token)]), Action(.staySignedIn, "/")])
    }

    static func signedOut(signIn: String) -> Page {
        Page(200, .signedOutTitle, .text(.signedOut), actions: [Action(.signInAgain, signIn)])
    }
}

// MARK: What failed

extension Page {
    static func contentUnavailable(status: Int) -> Page {
        Page(status, .contentDownTitle, .text(.contentDown), actions: [.startPage])
    }

    static func internalError() -> Page { Page(500, .internalTitle, .text(.internal), actions: [.startPage]) }
}
