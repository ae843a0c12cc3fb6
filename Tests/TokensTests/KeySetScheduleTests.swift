import Testing
import Tokens

@Suite struct KeySetScheduleTests {
    @Test(
        arguments: [
            (nil, 600), ("", 600), ("public", 600), ("max-age=300", 300), ("public, max-age=300", 300),
            ("MAX-AGE = 300", 300),
            ("max-age=\"300\"", 300), ("max-age=60", 60), ("max-age=59", 60), ("max-age=0", 60), ("no-store", 60),
            ("no-cache, max-age=900", 60), ("max-age=3600", 3600), ("max-age=3601", 3600),
            ("max-age=99999999999999999999", 3600),
            ("max-age=-1", 600), ("max-age=x", 600), ("max-age=", 600), ("max-age", 600), ("s-maxage=5", 600),
            ("max-age=100, max-age=200", 100),
        ] as [(String?, Int64)])
    func aSetLivesAsItsResponseSaysWithinBounds(cacheControl: String?, seconds: Int64) {
        #expect(KeySetSchedule.life(cacheControl: cacheControl) == seconds * 1000)
    }

    @Test func theFirstFetchIsDueAtOnce() {
        let schedule = KeySetSchedule(now: 5)
        #expect(schedule.nextFetch == 5 && !schedule.isUsable(now: 5))
    }

    @Test func aSetIsFetchedAnewAtFourFifthsOfItsLife() {
        var schedule = KeySetSchedule(now: 0)
        schedule.succeeded(now: 1000, cacheControl: "max-age=100")
        #expect(schedule.nextFetch == 81_000)
    }

    @Test func failuresAreTriedAgainEverMoreSlowlyAndAtMostAMinuteLater() {
        var schedule = KeySetSchedule(now: 0)
        var delays: [Int64] = []
        for _ in 0..<9 {
            schedule.failed(now: 0, random: 0)
            delays.append(schedule.nextFetch)
        }
        #expect(delays == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
        schedule.succeeded(now: 0, cacheControl: nil)
        schedule.failed(now: 0, random: 0)
        #expect(schedule.nextFetch == 1000)
    }

    @Test func chanceTakesAQuarterAtMost() {
        for random in [0, 1, 250, 251, UInt64.max, 0x9E37_79B9_7F4A_7C15] {
            var schedule = KeySetSchedule(now: 0)
            schedule.failed(now: 0, random: random)
            #expect((750...1000).contains(schedule.nextFetch))
        }
    }

    @Test func theLastGoodSetServesForADay() {
        var schedule = KeySetSchedule(now: 0)
        schedule.succeeded(now: 0, cacheControl: nil)
        schedule.failed(now: 600_000, random: 0)
        #expect(schedule.isUsable(now: 86_399_999))
        #expect(!schedule.isUsable(now: 86_400_000))
    }

    @Test func manyUnknownKeysCauseOneFetchACooldown() {
        var throttle = UnknownKeyThrottle()
        var fetches = 0
        for _ in 0..<10_000 where throttle.allowsFetch(now: 7) { fetches += 1 }
        #expect(fetches == 1)
        let answers = [30_006, 30_007, 30_008].map { throttle.allowsFetch(now: $0) }
        #expect(answers == [false, true, false])
        #expect(!throttle.isOpen(now: 60_006) && throttle.isOpen(now: 60_007))
        #expect(UnknownKeyThrottle().isOpen(now: 0))
    }
}
