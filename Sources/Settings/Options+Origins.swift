/// The options of origins.
extension Options {
    static let originDirectory = Option(
        "origins.*.directory", .path, "A directory on this machine whose files are served, in place of `s3`.")
    static let originHTTP = Option(
        "origins.*.http", .url,
        "An app that speaks HTTP, in place of `s3`: its URL, perhaps with a path that every request's begins with. It gets requests of all methods, and is told who asks."
    )
    static let originSocket = Option(
        "origins.*.socket", .path, "The Unix socket that the app listens on; `http` then only says its host and path.")
    static let originCAFile = Option(
        "origins.*.ca_file", .pem,
        "Certificate authorities in PEM that are trusted for an `https` app besides the system's.")
    static let originUploadSize = Option(
        "origins.*.upload_size", .size(0...1_099_511_627_776), default: "100MiB",
        "What a request to an app may bring; a larger one is a 413.")
    static let originPassHost = Option(
        "origins.*.pass_host", .flag, default: "true",
        "Whether an app is told the site's host in `Host`, as browsers see it, or the host of its own URL.")
    static let originForwarded = Option(
        "origins.*.forwarded", .flag, default: "false",
        "Whether an app is told `Forwarded` (RFC 7239) besides `X-Forwarded-For`, `-Proto` and `-Host`.")
    static let originIdentityUser = Option(
        "origins.*.identity.user", .identityField, default: "X-Postern-User", "The field that has the account's `sub`.")
    static let originIdentityEmail = Option(
        "origins.*.identity.email", .identityField, default: "X-Postern-Email",
        "The field that has the address, unless the provider says that it is not verified.")
    static let originIdentityGroups = Option(
        "origins.*.identity.groups", .identityField, default: "X-Postern-Groups",
        "The field that has the groups, with commas between them.")
    static let originIdentityAssertion = Option(
        "origins.*.identity.assertion", .identityField, default: "X-Postern-Assertion",
        "The field that has all of it as a JWT, signed by a key of `/.auth/keys`.")
    static let s3Bucket = Option("origins.*.s3.bucket", .bucket, "The bucket's name.")
    static let s3Region = Option(
        "origins.*.s3.region", .region,
        "The region that requests are signed for. Left out with an `endpoint`: `us-east-1`.")
    static let s3Endpoint = Option(
        "origins.*.s3.endpoint", .list(.url),
        "The service's URL without the bucket. Of several the first that answers is asked; all of them have the same bucket. Left out: Amazon's for the region."
    )
    static let s3Addressing = Option(
        "origins.*.s3.addressing", .choice(ofType: S3Addressing.self),
        "`virtual`: the bucket is a part of the host; `path`: it is the path's first segment. Left out: `virtual`, but `path` where the bucket's name has a dot or the endpoint's host is an IP address or localhost."
    )
    static let s3Prefix = Option(
        "origins.*.s3.prefix", .keyPrefix, default: "", "What every key begins with, a folder of the bucket.")
    static let s3QueryParameters = Option(
        "origins.*.s3.query_parameters", .list(.choice(ofType: S3QueryParameter.self)), default: "",
        "Parameters of a request's query that are sent along to the bucket; no other ever is. With `response-…` whoever writes a link decides how content is shown."
    )
    static let s3Credentials = Option(
        "origins.*.s3.credentials", .choice(ofType: S3CredentialSource.self), default: "auto",
        "Where credentials come from, unless the keys below are given: `environment` (`AWS_ACCESS_KEY_ID` and so on), `profile` (AWS's shared files), `web_identity` (a token's file, and STS), `container` (ECS, EKS), `instance` (EC2's metadata service, version 2), or `auto`, the first of these that is there. See [the reference](reference.md#credentials)."
    )
    static let s3Profile = Option(
        "origins.*.s3.profile", .text,
        "The profile of AWS's shared files, `~/.aws/credentials` and `~/.aws/config`; nothing else is looked at then. Left out: `$AWS_PROFILE`, or `default`."
    )
    static let s3STSEndpoint = Option(
        "origins.*.s3.sts_endpoint", .url,
        "Where STS is, for roles. Left out: `$AWS_ENDPOINT_URL_STS`, or `$AWS_ENDPOINT_URL`, or Amazon's own of the region."
    )
    static let s3AccessKeyID = Option(
        "origins.*.s3.access_key_id", .referenceOrText,
        "The access key's ID, which is no secret; with it goes `secret_access_key`.")
    static let s3SecretAccessKey = Option("origins.*.s3.secret_access_key", .secret, "The access key's secret.")
    static let s3SessionToken = Option(
        "origins.*.s3.session_token", .secret, "The session token of temporary credentials.")
}
