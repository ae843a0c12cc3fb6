import Settings

/// Japanese, in polite form. A zero-width space is where a long word may be broken.
extension PageTexts {
    static let japanese: [PageText: String] = [
        // Buttons, links and labels
        .tryAgain: "もう一度試す",
        .startPage: "トップページへ",
        .useAnotherAccount: "別のアカウントを使う",
        .signInAgain: "再度サインインする",
        .signOut: "サインアウト",
        .staySignedIn: "サインインしたままにする",
        .contact: "お問い合わせ",
        .reference: "参照番号",
        .signedInAs: "{account} としてサインインしています。",
        // What is asked for
        .badRequestTitle: "このアドレスは使用できません",
        .badRequest: "リクエストを理解できませんでした。アドレスに入力ミスがないかご確認ください。",
        .unknownHostTitle: "この名前のサイトはありません",
        .unknownHost: "アドレスに指定されたサイトは、このサーバーでは提供されていません。",
        .misdirectedTitle: "この接続は別のサイトのものです",
        .misdirected: "ブラウザーが別のサイト用の接続でこのサイトを要求しました。ページを再読み込みしてください。",
        .tooLargeTitle: "データが大きすぎます",
        .tooLarge: "送信されたデータは、このサーバーで受け付けられる大きさを超えています。",
        .tooSlowTitle: "時間がかかりすぎました",
        .tooSlow: "送信されたデータが時間内に届きませんでした。もう一度お試しください。",
        .methodTitle: "この操作はできません",
        .method: "このサイトは閲覧専用です。データを送信することはできません。",
        .notFoundTitle: "ページが見つかりません",
        .notFound: "ページが移動したか、アドレスに入力ミスがある可能性があります。",
        // Who may see it
        .forbiddenTitle: "このアカウントではこのページにアクセスできません",
        .forbidden: "サイトの管理者にアクセス権を依頼するか、別のアカウントをご利用ください。",
        .stepUpTitle: "このページにはより強力なサインインが必要です",
        .stepUp: "ID プロバイダーで、このページが求める方法（2 要素認証や直前のサインインなど）による本人確認が行われませんでした。",
        .closedTitle: "このページは公開されていません",
        .closed: "どのアカウントでも開くことはできません。",
        // Signing in
        .chooseTitle: "サインイン",
        .choose: "{site} へのサインイン方法を選択してください。",
        .signInFailedTitle: "サインイン\u{200B}できませんでした",
        .callbackIncomplete: "ID プロバイダーから戻るためのアドレスが不完全です。",
        .callbackExpired: "サインインに時間がかかりすぎました。",
        .callbackOtherBrowser: "このサインインは別の場所で開始されたか、別のタブで先に行われました。",
        .callbackUnknown: "このサインインは、ここで開始されたものではありません。",
        .callbackIssuer: "応答が、問い合わせ先の ID プロバイダーからのものではありません。",
        .callbackUsed: "このサインインはすでに完了しています。",
        .callbackRefused: "ID プロバイダーは、このサインインをもう受け付けていません。",
        .callbackInvalid: "ID プロバイダーの応答が正しくありません。",
        .signInDenied: "ID プロバイダーで許可されなかったか、操作がキャンセルされました。",
        .signInError: "ID プロバイダーから問題が報告されました（{code}）。",
        .cookiesTitle: "ブラウザーに Cookie\u{A0}が保存されていません",
        .cookies: "サインインに必要な Cookie がブラウザーから送信されませんでした。このサイトの Cookie を許可し、同じブラウザーでもう一度お試しください。",
        .loopTitle: "サインインが繰り返されています",
        .loop: "1 分間に何度もサインインしましたが、そのたびにブラウザーがセッションを失っています。",
        .loopHelp:
            "このサイトの Cookie を許可するか、保存済みの Cookie を削除し、端末の日付と時刻をご確認のうえ、もう一度お試しください。解決しない場合は、別のブラウザーをお試しください。",
        .accountTooLargeTitle: "アカウントの情報が多すぎるため、サインインできません",
        .accountTooLarge: "ID プロバイダーから送られるアカウント情報が、ブラウザーに保存できる量を超えています。多くの場合、所属グループの数が原因です。",
        .accountTooLargeHelp: "サイトの管理者が、送られる情報を減らすことができます。",
        .providerDownTitle: "現在サインインできません",
        .providerDown: "ID プロバイダーが応答していません。しばらくしてからもう一度お試しください。",
        // Signing out
        .signOutTitle: "サインアウトしますか？",
        .signedOutTitle: "サインアウトしました",
        .signedOut: "このサイトでのセッションは終了しました。",
        .noSession: "このブラウザーにはセッションがありません。",
        // What failed
        .contentDownTitle: "現在このページを取得できません",
        .contentDown: "サイトのストレージが正しく応答していません。しばらくしてからもう一度お試しください。",
        .internalTitle: "問題が発生しました",
        .internal: "お客様ではなく、このサーバー側の問題です。もう一度お試しください。",
    ]
}
