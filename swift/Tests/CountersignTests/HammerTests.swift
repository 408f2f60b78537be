import ComputerHost
import Foundation
import XCTest

@testable import Countersign

/// Many threads, mixed calls, the end in the middle: each call gives its answer or a typed error.
final class HammerTests: WithFolder {
    private let threads = 16

    private static let calls: [@Sendable (Authenticator) throws -> Void] = [
        { _ = try $0.accounts() },
        { _ = try $0.pending() },
        { _ = try $0.history(limit: 10) },
        { _ = try $0.outbox() },
        { _ = try $0.receive(payload: Data("{}".utf8)) },
        { _ = try $0.sync() },
        { _ = try $0.show(prompt: "no name") },
        { _ in try PinEntry().push(digit: 7) },
        { _ in _ = try text(locale: "de", id: "button.ok", values: [:]) },
        { _ = try $0.diagnose(cancel: Cancel()) },
    ]

    func testInMemory() throws {
        let times = 10_000
        try hammer(.memory, times)
        let before = heapInUse()
        for _ in 0..<3 { try hammer(.memory, times) }
        // A call that kept its handle, some text or an error would keep many bytes for each.
        let calls = 3 * threads * times
        XCTAssertLessThan(heapInUse() - before, calls / 4, "bytes that stay after \(calls) calls")
    }

    func testOnSled() throws {
        try hammer(.sled, 500)
    }

    private func hammer(_ engine: Engine, _ times: Int) throws {
        weak var held: FileKeys?
        let told = Told()
        try autoreleased {
            let keys = FileKeys(folder: self.keys)
            held = keys
            let phone = try Authenticator.open(settings: settings(engine), host: host(keys))
            DispatchQueue.concurrentPerform(iterations: threads) { number in
                for at in 0..<times {
                    if number == 0 && at == times / 2 { told.shutDown(phone) }
                    told.call { try Self.calls[(number + at) % Self.calls.count](phone) }
                }
            }
        }
        XCTAssertEqual(told.odd, [])
        XCTAssertTrue(told.codes.contains("use.closed"))
        XCTAssertEqual(told.codes.subtracting(["use.closed", "use.id", "cancelled"]), [])
        // A host is let go when the last phone that had it is gone, and with it all that was made of it.
        XCTAssertNil(held)
        // The memory is free again, and as whole as it was.
        let again = try Authenticator.open(settings: settings(engine), host: host())
        _ = try again.accounts()
        try again.shutDown()
    }

    /// What is made within is gone after it.
    private func autoreleased(_ work: () throws -> Void) rethrows {
        try work()
    }
}

/// What calls of many threads ended with.
private final class Told: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var codes: Set<String> = []
    private(set) var odd: [String] = []

    func call(_ call: () throws -> Void) {
        do {
            try call()
        } catch let error as AuthError {
            lock.withLock { _ = codes.insert(error.code) }
        } catch {
            lock.withLock { odd.append("\(error)") }
        }
    }

    func shutDown(_ phone: Authenticator) {
        call { try phone.shutDown() }
    }
}
