import Bytes

/// A page of Postern's own: what it says and what a person can do next. How it looks is `PageTemplate`'s.
struct Page: Sendable {
    /// A link, or a button that posts a form to `href`.
    struct Action: Sendable {
        enum Kind: Sendable { case link, post }
        var label: String
        var href: String
        var kind: Kind = .link
        /// What a form carries besides.
        var fields: [(name: String, value: String)] = []
    }

    var status: Int
    var title: String
    /// Plain text, a paragraph each; escaped when rendered.
    var paragraphs: [String]
    /// The first is the one that most people want.
    var actions: [Action] = []
    /// Goes on by itself to the first action after a moment, for the cases where going on is safe and
    /// is what everybody wants.
    var continuesByItself = false
}

extension Page {
    static func badRequest() -> Page {
        Page(
            status: 400, title: "This address does not work",
            paragraphs: ["The request cannot be understood. Check the address for a typing mistake."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func unknownHost() -> Page {
        Page(
            status: 421, title: "No site of that name here",
            paragraphs: ["This server does not serve the site that the address names."])
    }

    static func misdirected() -> Page {
        Page(
            status: 421, title: "This connection belongs to another site",
            paragraphs: [
                "The browser asked for this site on a connection that it had made for another one. Reloading the page mends that."
            ],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func formTooLarge() -> Page {
        Page(
            status: 413, title: "That is too much",
            paragraphs: ["What was sent is larger than this server takes."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func formTimedOut() -> Page {
        Page(
            status: 408, title: "That took too long",
            paragraphs: ["What was sent did not arrive in time. Please try again."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func methodNotAllowed() -> Page {
        Page(
            status: 405, title: "That is not possible here",
            paragraphs: ["This site can be read, and nothing can be sent to it."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func notFound() -> Page {
        Page(
            status: 404, title: "There is no such page",
            paragraphs: ["It may have moved, or the address has a typing mistake."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    /// Signed in, but a rule does not let this account in.
    static func forbidden(account: String, switchAccount: String, signOut: String) -> Page {
        Page(
            status: 403, title: "Your account has no access to this page",
            paragraphs: [
                "You are signed in as \(account).",
                "Ask the people who run this site for access, or use another account.",
            ],
            actions: [
                Action(label: "Use another account", href: switchAccount),
                Action(label: "Go to the start page", href: "/"),
                Action(label: "Sign out", href: signOut),
            ])
    }

    /// The provider was asked for a stronger or a more recent sign-in, and has not done it.
    static func stepUpFailed(account: String, retry: String, switchAccount: String) -> Page {
        Page(
            status: 403, title: "This page needs a stronger sign-in",
            paragraphs: [
                "You are signed in as \(account).",
                "The identity provider has not confirmed your identity in the way that this page asks for: with a second factor, for example, or just now.",
            ],
            actions: [
                Action(label: "Try again", href: retry),
                Action(label: "Use another account", href: switchAccount),
                Action(label: "Go to the start page", href: "/"),
            ])
    }

    /// A rule lets nobody in, whoever asks.
    static func closed() -> Page {
        Page(
            status: 403, title: "This page is closed",
            paragraphs: ["Nobody can open it, whatever the account."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    static func signInFailed(status: Int, _ explanation: String, retry: String, continues: Bool = false) -> Page {
        Page(
            status: status, title: "The sign-in did not work",
            paragraphs: [explanation],
            actions: [Action(label: "Try again", href: retry)],
            continuesByItself: continues)
    }

    /// - Parameter choices: a link to each provider, in the config's order.
    static func chooseProvider(_ choices: [Action]) -> Page {
        Page(
            status: 200, title: "Sign in", paragraphs: ["Choose where you have your account."], actions: choices)
    }

    static func sessionTooLarge(retry: String) -> Page {
        Page(
            status: 400, title: "Your account is too large to sign in",
            paragraphs: [
                "The identity provider sends more about your account than a browser can keep: most often, very many groups.",
                "The people who run this site can have it send fewer claims.",
            ],
            actions: [Action(label: "Try again", href: retry)])
    }

    static func providerUnavailable(retry: String) -> Page {
        Page(
            status: 503, title: "Signing in is not possible right now",
            paragraphs: [
                "The identity provider does not answer. It is asked again all the time; please try again in a minute."
            ],
            actions: [Action(label: "Try again", href: retry)])
    }

    static func contentUnavailable(status: Int) -> Page {
        Page(
            status: status, title: "This page cannot be fetched right now",
            paragraphs: ["The storage behind this site does not answer as it should. Please try again in a minute."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }

    /// - Parameter token: shows that the form is ours.
    static func signOut(account: String?, action: String, token: String) -> Page {
        guard let account else {
            return Page(
                status: 200, title: "You are signed out",
                paragraphs: ["There is no session in this browser."],
                actions: [Action(label: "Go to the start page", href: "/")])
        }
        return Page(
            status: 200, title: "Sign out?",
            paragraphs: ["You are signed in as \(account)."],
            actions: [
                Action(label: "Sign out", href: action, kind: .post, fields: [("token", token)]),
                Action(label: "Stay signed in", href: "/"),
            ])
    }

    static func signedOut(signIn: String) -> Page {
        Page(
            status: 200, title: "You are signed out",
            paragraphs: ["Your session on this site has ended."],
            actions: [Action(label: "Sign in again", href: signIn)])
    }

    static func internalError() -> Page {
        Page(
            status: 500, title: "Something went wrong here",
            paragraphs: ["It is this server's mistake, not yours. Please try again."],
            actions: [Action(label: "Go to the start page", href: "/")])
    }
}
