import Foundation
import XCTest

@testable import Countersign

/// A server that brings what it is told, and a time that passes as it is told; both remember what they were asked.
private final class Told: @unchecked Sendable {
    private let lock = NSLock()
    private var brought: [(Result<Arrivals, AuthError>, Duration)]
    private var time = ContinuousClock.now
    private var asked = (rests: [Int64](), troubles: [String](), polls: 0)

    init(_ brought: [(Result<Arrivals, AuthError>, Duration)]) {
        self.brought = brought
    }

    var rests: [Int64] { lock.withLock { asked.rests } }
    var troubles: [String] { lock.withLock { asked.troubles } }
    var polls: Int { lock.withLock { asked.polls } }

    func asking() -> Asking {
        Asking(
            trouble: { error in self.lock.withLock { self.asked.troubles.append(error.code) } },
            now: { self.lock.withLock { self.time } },
            sleep: { rest in self.lock.withLock { self.asked.rests.append(rest) } },
            poll: { try self.poll() })
    }

    /// After all that was told, the end.
    private func poll() throws -> Arrivals {
        let next = lock.withLock {
            asked.polls += 1
            let (what, took) = brought.isEmpty ? (.failure(.Expired(code: "id.removed")), .zero) : brought.removeFirst()
            time += took
            return what
        }
        return try next.get()
    }
}

/// How often a server is asked, by polls that are told what to bring and how long that takes.
final class ArrivalsTests: XCTestCase {
    private let offline = AuthError.Retry(code: "net.offline", wait: nil, reference: "")
    private let atOnce = Duration.milliseconds(5)

    private func arrivals(refused: [String] = [], error: AuthError? = nil) -> Result<Arrivals, AuthError> {
        .success(
            Arrivals(account: "a", prompts: [], renewed: [], refused: refused, cancelled: [], notices: [], verdicts: [], error: error))
    }

    private var nothing: Result<Arrivals, AuthError> { arrivals() }
    private var something: Result<Arrivals, AuthError> { arrivals(refused: ["chal.expired"]) }

    /// All of it, until the end that every one of these has.
    private func collected(_ told: Told) async throws -> [Arrivals] {
        let asking = told.asking()
        var all: [Arrivals] = []
        do {
            while let one = try await asking.next() { all.append(one) }
            XCTFail("it ends by what was thrown")
        } catch let error as AuthError {
            XCTAssertEqual(error.code, "id.removed")
        }
        return all
    }

    func testPollsThatAreEndedAtOnceAsByAnotherStreamComeLessAndLessOftenAndTellNoTrouble() async throws {
        let told = Told(Array(repeating: (nothing, .milliseconds(20)), count: 9))
        let all = try await collected(told)
        XCTAssertEqual(all.count, 9)
        XCTAssertEqual(told.rests, [1, 2, 4, 8, 16, 32, 60, 60, 60])
        XCTAssertEqual(told.troubles, [])
    }

    func testAPollThatWasWaitedForAndOneThatBringsSomethingAreFollowedAtOnce() async throws {
        let told = Told([(nothing, .seconds(25)), (something, atOnce), (nothing, .seconds(1)), (something, atOnce)])
        _ = try await collected(told)
        XCTAssertEqual(told.rests, [])
    }

    func testOneGoodPollTakesThePausesBack() async throws {
        let told = Told([
            (nothing, atOnce), (nothing, atOnce), (nothing, .seconds(25)), (nothing, atOnce), (.failure(offline), .seconds(30)),
        ])
        _ = try await collected(told)
        XCTAssertEqual(told.rests, [1, 2, 1, 2])
        XCTAssertEqual(told.troubles, ["net.offline"])
    }

    func testAServerThatAsksForNoPauseGetsOneAndOneThatAsksForALongerOneToo() async throws {
        let waits: [Int64?] = [0, 0, 0, nil, 900, 7]
        let told = Told(waits.map { (.failure(.Retry(code: "srv.busy", wait: $0, reference: "")), atOnce) })
        _ = try await collected(told)
        XCTAssertEqual(told.rests, [1, 2, 4, 8, 900, 32])
        XCTAssertEqual(told.troubles, Array(repeating: "srv.busy", count: 6))
    }

    func testWhatCameWithAnErrorIsToldBeforeItAndWhatDoesNotPassIsTheEnd() async throws {
        let torn = Told([(arrivals(refused: ["chal.expired"], error: offline), atOnce)])
        let all = try await collected(torn)
        XCTAssertEqual(all.count, 1)
        XCTAssertEqual(torn.rests, [1])
        let last = Told([(arrivals(error: .Reenrol(code: "store.corrupt")), atOnce)])
        let asking = last.asking()
        let first = try await asking.next()
        XCTAssertNotNil(first)
        do {
            _ = try await asking.next()
            XCTFail("it is the end")
        } catch {
            XCTAssertEqual((error as? AuthError)?.code, "store.corrupt")
        }
        XCTAssertEqual(last.polls, 1)
    }
}
