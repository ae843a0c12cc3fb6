import Settings

/// German, with Sie.
extension PageTexts {
    static let german: [PageText: String] = [
        // Buttons, links and labels
        .tryAgain: "Erneut versuchen",
        .startPage: "Zur Startseite",
        .useAnotherAccount: "Anderes Konto verwenden",
        .signInAgain: "Erneut anmelden",
        .signOut: "Abmelden",
        .staySignedIn: "Angemeldet bleiben",
        .contact: "Kontakt",
        .reference: "Referenz",
        .signedInAs: "Sie sind als {account} angemeldet.",
        // What is asked for
        .badRequestTitle: "Diese Adresse funktioniert nicht",
        .badRequest: "Die Anfrage ist nicht verständlich. Bitte prüfen Sie die Adresse auf Tippfehler.",
        .unknownHostTitle: "Hier gibt es keine Website dieses Namens",
        .unknownHost: "Dieser Server stellt die Website, die in der Adresse steht, nicht bereit.",
        .misdirectedTitle: "Diese Verbindung gehört zu einer anderen Website",
        .misdirected:
            "Ihr Browser hat diese Website über eine Verbindung angefragt, die er für eine andere aufgebaut hatte. Bitte laden Sie die Seite neu.",
        .tooLargeTitle: "Das ist zu viel",
        .tooLarge: "Was gesendet wurde, ist größer, als dieser Server zulässt.",
        .tooSlowTitle: "Das hat zu lange gedauert",
        .tooSlow:
            "Was gesendet wurde, ist nicht rechtzeitig angekommen. Bitte versuchen Sie es erneut.",
        .methodTitle: "Das ist hier nicht möglich",
        .method: "Diese Website kann nur gelesen werden; senden können Sie ihr nichts.",
        .notFoundTitle: "Diese Seite gibt es nicht",
        .notFound: "Vielleicht wurde sie verschoben, oder die Adresse enthält einen Tippfehler.",
        // Who may see it
        .forbiddenTitle: "Ihr Konto hat keinen Zugriff auf diese Seite",
        .forbidden:
            "Bitten Sie die Betreiber dieser Website um Zugriff, oder verwenden Sie ein anderes Konto.",
        .stepUpTitle: "Diese Seite verlangt eine stärkere Anmeldung",
        .stepUp:
            "Der Anmeldedienst hat Ihre Identität nicht so bestätigt, wie diese Seite es verlangt: zum Beispiel mit einem zweiten Faktor oder durch eine neue Anmeldung.",
        .closedTitle: "Diese Seite ist geschlossen",
        .closed: "Sie lässt sich mit keinem Konto öffnen.",
        // Signing in
        .chooseTitle: "Anmelden",
        .choose: "Wie möchten Sie sich bei {site} anmelden?",
        .signInFailedTitle: "Die Anmeldung ist fehlgeschlagen",
        .callbackIncomplete:
            "Die Adresse, mit der Sie vom Anmeldedienst zurückgekommen sind, ist nicht vollständig.",
        .callbackExpired: "Die Anmeldung hat zu lange gedauert.",
        .callbackOtherBrowser: "Diese Anmeldung wurde anderswo begonnen, oder ein anderer Tab war schneller.",
        .callbackUnknown: "Diese Anmeldung wurde nicht hier begonnen.",
        .callbackIssuer: "Die Antwort stammt nicht von dem Anmeldedienst, der gefragt wurde.",
        .callbackUsed: "Diese Anmeldung ist bereits abgeschlossen.",
        .callbackRefused: "Der Anmeldedienst nimmt diese Anmeldung nicht mehr an.",
        .callbackInvalid: "Die Antwort des Anmeldedienstes ist nicht gültig.",
        .signInDenied: "Der Anmeldedienst hat Sie nicht zugelassen, oder Sie haben abgebrochen.",
        .signInError: "Der Anmeldedienst meldet ein Problem ({code}).",
        .cookiesTitle: "Ihr Browser hat ein Cookie nicht behalten",
        .cookies:
            "Für die Anmeldung wird ein Cookie gebraucht, und Ihr Browser hat es nicht gesendet. Bitte erlauben Sie Cookies für diese Website, und versuchen Sie es im selben Browser erneut.",
        .loopTitle: "Die Anmeldung dreht sich im Kreis",
        .loop:
            "Sie haben sich innerhalb einer Minute mehrmals angemeldet, und jedes Mal kam Ihr Browser ohne seine Sitzung zurück.",
        .loopHelp:
            "Erlauben Sie Cookies für diese Website, oder löschen Sie die vorhandenen, und prüfen Sie Datum und Uhrzeit Ihres Geräts. Versuchen Sie es dann erneut. Wenn das nicht hilft, kann ein anderer Browser helfen.",
        .accountTooLargeTitle: "Ihr Konto ist zu groß für die Anmeldung",
        .accountTooLarge:
            "Der Anmeldedienst sendet mehr über Ihr Konto, als ein Browser behalten kann: meist sehr viele Gruppen.",
        .accountTooLargeHelp: "Die Betreiber dieser Website können dafür sorgen, dass er weniger sendet.",
        .providerDownTitle: "Die Anmeldung ist gerade nicht möglich",
        .providerDown:
            "Der Anmeldedienst antwortet nicht. Bitte versuchen Sie es in einer Minute erneut.",
        // Signing out
        .signOutTitle: "Möchten Sie sich abmelden?",
        .signedOutTitle: "Sie sind abgemeldet",
        .signedOut: "Ihre Sitzung auf dieser Website ist beendet.",
        .noSession: "In diesem Browser besteht keine Sitzung.",
        // What failed
        .contentDownTitle: "Diese Seite kann gerade nicht geladen werden",
        .contentDown:
            "Der Speicher hinter dieser Website antwortet nicht, wie er sollte. Bitte versuchen Sie es in einer Minute erneut.",
        .internalTitle: "Hier ist etwas schiefgegangen",
        .internal:
            "Der Fehler liegt bei diesem Server, nicht bei Ihnen. Bitte versuchen Sie es erneut.",
    ]
}
