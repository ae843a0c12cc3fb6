import Settings

/// English, which all others translate.
extension PageTexts {
    static let english: [PageText: String] = [
        // Buttons, links and labels
        .tryAgain: "Try again",
        .startPage: "Go to the start page",
        .useAnotherAccount: "Use another account",
        .signInAgain: "Sign in again",
        .signOut: "Sign out",
        .staySignedIn: "Stay signed in",
        .contact: "Contact",
        .reference: "Reference",
        .signedInAs: "You are signed in as {account}.",
        // What is asked for
        .badRequestTitle: "This address does not work",
        .badRequest: "The request cannot be understood. Please check the address for a typing mistake.",
        .unknownHostTitle: "No site of that name here",
        .unknownHost: "This server does not serve the site that the address names.",
        .misdirectedTitle: "This connection belongs to another site",
        .misdirected:
            "Your browser asked for this site on a connection that it had made for another one. Reloading the page helps.",
        .tooLargeTitle: "That is too much",
        .tooLarge: "What was sent is larger than this server takes.",
        .tooSlowTitle: "That took too long",
        .tooSlow: "What was sent did not arrive in time. Please try again.",
        .methodTitle: "That is not possible here",
        .method: "This site can be read, and nothing can be sent to it.",
        .notFoundTitle: "There is no such page",
        .notFound: "It may have moved, or the address has a typing mistake.",
        // Who may see it
        .forbiddenTitle: "Your account has no access to this page",
        .forbidden: "Ask the people who run this site for access, or use another account.",
        .stepUpTitle: "This page needs a stronger sign-in",
        .stepUp:
            "The identity provider has not confirmed your identity in the way that this page asks for: with a second factor, for example, or just now.",
        .closedTitle: "This page is closed",
        .closed: "Nobody can open it, whatever the account.",
        // Signing in
        .chooseTitle: "Sign in",
        .choose: "Choose how you want to sign in to {site}.",
        .signInFailedTitle: "The sign-in did not work",
        .callbackIncomplete: "The address that the identity provider sent you back with is not complete.",
        .callbackExpired: "The sign-in took too long.",
        .callbackOtherBrowser: "This sign-in was started elsewhere, or in another tab that was faster.",
        .callbackUnknown: "This sign-in was not started here.",
        .callbackIssuer: "The answer does not come from the identity provider that was asked.",
        .callbackUsed: "This sign-in has been completed already.",
        .callbackRefused: "The identity provider does not accept this sign-in any more.",
        .callbackInvalid: "The identity provider's answer does not hold.",
        .signInDenied: "The identity provider did not let you in, or you cancelled.",
        .signInError: "The identity provider reports a problem ({code}).",
        .cookiesTitle: "Your browser has not kept a cookie",
        .cookies:
            "Signing in needs a cookie, and your browser did not send it. Please allow cookies for this site, and try again in the same browser.",
        .loopTitle: "The sign-in goes round in circles",
        .loop:
            "You have signed in several times within a minute, and each time your browser came back without its session.",
        .loopHelp:
            "Allow cookies for this site, or remove those that it has, and check the date and time of your device. Then try again. If that does not help, another browser may.",
        .accountTooLargeTitle: "Your account is too large to sign in",
        .accountTooLarge:
            "The identity provider sends more about your account than a browser can keep: most often, very many groups.",
        .accountTooLargeHelp: "The people who run this site can have it send fewer claims.",
        .providerDownTitle: "Signing in is not possible right now",
        .providerDown: "The identity provider does not answer. Please try again in a minute.",
        // Signing out
        .signOutTitle: "Do you want to sign out?",
        .signedOutTitle: "You are signed out",
        .signedOut: "Your session on this site has ended.",
        .noSession: "There is no session in this browser.",
        // What failed
        .contentDownTitle: "This page cannot be fetched right now",
        .contentDown:
            "The storage behind this site does not answer as it should. Please try again in a minute.",
        .internalTitle: "Something went wrong here",
        .internal: "It is this server's mistake, not yours. Please try again.",
    ]
}
