/// From the vectors of TokensTests; nobody kept the private key.

/// The key set that signed the one genuine token.
let keySetText = #"""
    {"keys": [{"kty": "RSA", "n": "oLJ5XTd5wfGQEmzNCiDwLAmO2Niz6S9jmX8_Ukvz4eR6La4jor7s-BAGjXxoNjLqEljt4\#
    no_N2U1dr6ZEble-PMRT94Eg3m_5_aTHIKClQKGbiQBZXkH8t1EybzcPamveKe3qc73FRGEYCvC8IQ2oOvcQNgxy7F1IQq7ICEPs\#
    RFzF5Zbv73sYfBcb9y5G_0J3NVYLJc11yG3utVBMK6UDPCF7KNf2yvtOIwUs7FxAzNnBv2Ev374-EgXxurNtGW4HGmeAU2320jPn\#
    mZhuwU94RaDuGN7axOGikZLugdxomUbzCmrDRrSItej4A5cQHAtJlnxeDEOTdj6s4gYsnJzZw", "e": "AQAB", "kid": "a",\#
     "alg": "RS256", "use": "sig"}]}
    """#

/// Of the issuer https://id.example.com, for the client postern.
let genuineToken = #"""
    eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwic3ViI\#
    joiMjQ4Mjg5NzYxMDAxIiwiYXVkIjoicG9zdGVybiIsImV4cCI6MTgwMDAwMDMwMCwiaWF0IjoxNzk5OTk5OTk1LCJub25jZSI6I\#
    m4tMFM2X1d6QTJNaiIsIm5hbWUiOiJBZGEgTG92ZWxhY2UiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsImVtYWlsX3Zlcmlma\#
    WVkIjp0cnVlLCJncm91cHMiOlsic3RhZmYiLCJlZGl0b3JzIl19.ly_Nns6BX1e5s44V85syHO-m-htoPGNywYzDe6YffJva2p_J\#
    K1_n9We52q6woeN6NZzE9AsxOWROUbpMC__t6Yaqgox3XdO_tYoTz6gp1Rl_KwpNZjg3R67IHilvGYW_NkvQsl6L51tXHgU3Rp7z\#
    Fne502Qxx1Tfacm69h6-zSnnuvw285fPodwycekK9qM1uvGuBetUbzO6ixuNwtykCiGsLikoyg-mjpmXvNJ00eWlf4LBJVvRtmPj\#
    U5YPEfe8pK12u-jbMxrPs36dyoP40BbEJNWPhUgGbw6okDyIJ7iP8haVNUIKFXzyIBVxopPlEd8bfFsUFLEA_wA4xxizcQ
    """#
