import ComputerHost
import Countersign
import Foundation

/// Death on demand: ends the process by SIGKILL at the N-th step, of which each call of a host has one before and one after it.
final class Steps: @unchecked Sendable {
    private let last: Int
    private let lock = NSLock()
    private var taken = 0

    init(last: Int) {
        self.last = last
    }

    func around<Answer>(_ call: () throws -> Answer) rethrows -> Answer {
        step()
        let answer = try call()
        step()
        return answer
    }

    private func step() {
        lock.withLock {
            taken += 1
            // Nothing after it runs.
            if taken == last { kill(getpid(), SIGKILL) }
        }
    }
}

/// Keys that die.
final class DyingKeys: KeysAround, @unchecked Sendable {
    private let steps: Steps

    init(_ keys: any DeviceKeys, _ steps: Steps) {
        self.steps = steps
        super.init(keys)
    }

    override func around<Answer>(_ call: () throws -> Answer) throws -> Answer {
        try steps.around(call)
    }
}

/// A counter that dies.
final class DyingCounter: Counter {
    private let counter: any Counter
    private let steps: Steps

    init(_ counter: any Counter, _ steps: Steps) {
        (self.counter, self.steps) = (counter, steps)
    }

    func read() throws -> Count? {
        try steps.around { try counter.read() }
    }

    func write(count: Count) throws {
        try steps.around { try counter.write(count: count) }
    }

    func forget() throws {
        try steps.around { try counter.forget() }
    }
}
