import ComputerHost
import Foundation
import XCTest

@testable import Countersign

/// Does something else in the place of some calls.
private final class Hostile: KeysAround, @unchecked Sendable {
    var making: (@Sendable () throws -> Void)?
    var opening: (@Sendable () throws -> Data)?

    override func make(owner: String, slot: KeySlot, context: Data) throws -> MadeKey {
        try making?()
        return try super.make(owner: owner, slot: slot, context: context)
    }

    override func unwrap(owner: String, gesture: GestureUse, wrapped: Data) throws -> Data {
        try opening?() ?? super.unwrap(owner: owner, gesture: gesture, wrapped: wrapped)
    }

    override func wrap(owner: String, gesture: GestureUse, plain: Data) throws -> Data {
        try making?()
        return try super.wrap(owner: owner, gesture: gesture, plain: plain)
    }
}

/// Row 50 of the bad inputs, from Swift: a host that throws, gives rubbish, blocks and calls in again.
final class HostileHostTests: WithFolder {
    private func hostile() -> Hostile {
        Hostile(FileKeys(folder: keys))
    }

    private func open(_ keys: any DeviceKeys) throws -> Authenticator {
        try Authenticator.open(settings: settings(.redb), host: host(keys))
    }

    private func opens() throws {
        let phone = try open(FileKeys(folder: keys))
        _ = try phone.accounts()
        try phone.shutDown()
    }

    func testEveryFailureOfAKeyStoreSaysWhatToDo() throws {
        let said: [(KeyFailure, String)] = [
            (.Cancelled, "cancelled"), (.LockedOut, "uv.lockout"), (.Invalidated, "key.lost"), (.NotSetUp, "uv.none"),
            (.Unreadable, "key.busy"),
        ]
        for (failure, says) in said {
            let keys = hostile()
            keys.making = { throw failure }
            XCTAssertEqual(code { try open(keys) }, says)
        }
        try opens()
    }

    func testAnErrorThatNobodyExpectsIsAKeyStoreThatDoesNotAnswerAndItsWordsStayHere() throws {
        let keys = hostile()
        keys.making = { throw Strange("anna 123456") }
        XCTAssertThrowsError(try open(keys)) { error in
            XCTAssertEqual((error as? AuthError)?.code, "key.busy")
            XCTAssertFalse("\(error) \(String(reflecting: error))".contains("anna"))
        }
        try opens()
    }

    func testRubbishOfAKeyStoreOpensNothingAndSpoilsNothing() throws {
        try opens()
        for length in [0, 31, 32, 1 << 20] {
            let keys = hostile()
            keys.opening = { Data(count: length) }
            XCTAssertThrowsError(try open(keys)) { error in
                guard case AuthError.Reenrol = error else { return XCTFail("\(error)") }
            }
        }
        try opens()
    }

    func testACounterMayCallInAgainAndOneThatBlocksHoldsUpNobody() throws {
        let counter = CallingIn()
        let host = Countersign.Host(keys: FileKeys(folder: keys), counter: counter, clock: nil)
        let phone = try Authenticator.open(settings: settings(.redb), host: host)
        counter.phone = phone
        let slow = DispatchGroup()
        DispatchQueue.global().async(group: slow) { _ = try? phone.accounts() }
        counter.entered.wait()
        XCTAssertEqual(counter.called?.count, 0)
        for _ in 0..<3 { XCTAssertEqual(try phone.accounts().count, 0) }
        counter.leave.signal()
        slow.wait()
        try phone.shutDown()
    }
}

/// Fails from its second write on until it has a phone; then it calls that, and blocks.
private final class CallingIn: Counter, @unchecked Sendable {
    let (entered, leave) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    private let lock = NSLock()
    private var writes = 0
    weak var phone: Authenticator?
    private(set) var called: [Account]?

    func read() throws -> Count? { nil }

    func forget() throws {}

    func write(count: Count) throws {
        let first = lock.withLock {
            writes += 1
            return writes == 1
        }
        guard let phone else {
            if !first { throw Strange("later") }
            return
        }
        called = try phone.accounts()
        entered.signal()
        leave.wait()
    }
}
