"""Paths that lead elsewhere for somebody who decodes twice, normalises, or reads a byte in another way: those that are
refused, and those that are names of objects like any other."""

REFUSED = [
    "/..", "/a/..", "/../../../../etc/passwd", "/..//..//x", "/%2e%2e/secret", "/%2E%2E/secret", "/.%2e/secret", "/%2e/x",
    "/./x", "/..%2fsecret", "/..%2Fother/k", "/%2e%2e%2fother/k", "/a/..%2f..%2fother/k", "/%2e%2e%5cx", "/..\\x", "//",
    "//a", "///a", "/a//b", "/a//", "/a%2fb", "/%2fa", "/a%2F", "/a%5cb", "/a%0ab", "/a%09b", "/a%1bb", "/a%00b", "/a%7fb",
    "/%", "/%g0", "/%2", "/%c0%ae%c0%ae/x", "/%c0%af", "/%ff", "/%ed%a0%80", "/%e0%80%af", "/%f4%90%80%80", '/a"b', "/<x>",
    "/a^b", "/a`b", "/a|b", "/%23/../x", "a.txt", "*", "/a#b", "http://other.test/a.txt",
]
LITERAL = {
    "/%252e%252e/x": "%2e%2e/x", "/..%252f..%252fx": "..%2f..%2fx", "/..;/admin": "..;/admin", "/...": "...",
    "/..a/b..": "..a/b..", "/a.": "a.", "/a%25b": "a%b", "/a%3Facl": "a?acl", "/a;acl": "a;acl", "/a%26b": "a&b",
    "/docs/a": "docs/a", "/other-bucket/x": "other-bucket/x", "/a+b": "a+b", "/a%20b": "a b", "/cafe%CC%81": "cafe\u0301",
    "/a:b@c": "a:b@c", "/%e3%81%82": "あ", "/a%7Eb": "a~b", "/%41": "A", "/a*'(1)!": "a*'(1)!", "/%EF%BC%8F..": "／..",
    "/%E2%80%A5/x": "‥/x", "/%EF%BC%8E%EF%BC%8E/x": "．．/x",
}
