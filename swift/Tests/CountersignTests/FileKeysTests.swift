import ComputerHost
import Foundation
import XCTest

@testable import Countersign

/// The keys and the counter of a computer, before files that somebody changed.
final class FileKeysTests: WithFolder {
    private let owner = "AAAAAAAAAAAAAAAAAAAAAA"

    private func failure(_ call: () throws -> some Any) -> KeyFailure? {
        do {
            _ = try call()
            return nil
        } catch {
            return error as? KeyFailure
        }
    }

    func testWhatWasSealedIsOpenedAndNothingElseIs() throws {
        let own = FileKeys(folder: keys)
        _ = try own.make(owner: owner, slot: .dev, context: Data(count: 32))
        let sealed = try own.wrap(owner: owner, gesture: .free, plain: Data([1, 2, 3]))
        XCTAssertEqual(try own.unwrap(owner: owner, gesture: .free, wrapped: sealed), Data([1, 2, 3]))
        for length in 0..<sealed.count {
            let cut = Data(sealed.prefix(length))
            XCTAssertEqual(failure { try own.unwrap(owner: owner, gesture: .free, wrapped: cut) }, .Invalidated, "\(length)")
        }
        for at in 0..<sealed.count {
            var changed = sealed
            changed[at] ^= 1
            XCTAssertEqual(failure { try own.unwrap(owner: owner, gesture: .free, wrapped: changed) }, .Invalidated, "\(at)")
        }
        // Never made: the gesture's own.
        XCTAssertEqual(failure { try own.unwrap(owner: owner, gesture: .asked, wrapped: sealed) }, .Invalidated)
    }

    func testKeysThatWereChangedSignNothing() throws {
        let own = FileKeys(folder: keys)
        _ = try own.make(owner: owner, slot: .dev, context: Data(count: 32))
        XCTAssertFalse(try own.sign(owner: owner, slot: .dev, message: Data()).isEmpty)
        let file = keys.appendingPathComponent(owner).appendingPathComponent("dev.der")
        for rubbish in [Data(), Data([0x30]), Data(count: 121), Data(repeating: 0xff, count: 1 << 16)] {
            try rubbish.write(to: file)
            XCTAssertEqual(failure { try own.sign(owner: owner, slot: .dev, message: Data()) }, .Invalidated)
        }
    }

    func testACounterThatCannotBeReadIsNotNone() throws {
        let file = keys.appendingPathComponent("counter")
        let counter = FileCounter(file: file)
        XCTAssertNil(try counter.read())
        try counter.write(count: Count(store: "s", version: 7))
        XCTAssertEqual(try counter.read(), Count(store: "s", version: 7))
        for rubbish in ["", "s", "s x", "s 7 8", "s 99999999999999999999"] {
            try rubbish.write(to: file, atomically: true, encoding: .utf8)
            XCTAssertEqual(failure { try counter.read() }, .Unreadable, rubbish)
            XCTAssertEqual(code { try Authenticator.open(settings: settings(.redb), host: host()) }, "key.busy", rubbish)
        }
    }

    private func make() throws {
        for slot in [KeySlot.dev, .uv] { _ = try FileKeys(folder: keys).make(owner: owner, slot: slot, context: Data(count: 32)) }
    }

    /// All that is there, by its place.
    private func there(_ place: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: place.path).sorted()
    }

    func testOnlyTheOwnerReadsKeysAndCounterWhateverTheProcessWouldAllowOthers() throws {
        let before = umask(0)
        defer { umask(before) }
        try make()
        let counts = folder.appendingPathComponent("new/counts")
        try FileCounter(file: counts.appendingPathComponent("counter")).write(count: Count(store: "s", version: 1))
        var seen = 0
        for place in [keys, folder.appendingPathComponent("new")] {
            for path in try there(place).map({ place.appendingPathComponent($0).path }) + [place.path] {
                let about = try FileManager.default.attributesOfItem(atPath: path)
                let mode = about[.type] as? FileAttributeType == .typeDirectory ? 0o700 : 0o600
                XCTAssertEqual((about[.posixPermissions] as? NSNumber)?.intValue, mode, path)
                seen += 1
            }
        }
        XCTAssertGreaterThan(seen, 8)
    }

    /// Makes a folder with something in it where a file would be.
    private func take(_ name: String) throws {
        let taken = keys.appendingPathComponent(owner).appendingPathComponent(name)
        try FileManager.default.removeItem(at: taken)
        try FileManager.default.createDirectory(at: taken.appendingPathComponent("in the way"), withIntermediateDirectories: true)
    }

    func testAWriteThatFailsIsToldAndLeavesNothingBehind() throws {
        try make()
        try take("pepper")
        let before = try there(keys)
        XCTAssertEqual(failure { try make() }, .Unreadable)
        XCTAssertEqual(try there(keys), before)
        // Where no file can be made at all.
        let nowhere = folder.appendingPathComponent("file")
        try Data().write(to: nowhere)
        let own = FileKeys(folder: nowhere)
        XCTAssertEqual(failure { try own.make(owner: owner, slot: .dev, context: Data(count: 32)) }, .Unreadable)
        XCTAssertEqual(failure { try FileCounter(file: nowhere.appendingPathComponent("c")).write(count: Count(store: "s", version: 1)) }, .Unreadable)
    }

    func testWhatWasNeverThereIsDestroyedWithoutAnError() throws {
        let own = FileKeys(folder: keys)
        try own.retire(owner: owner)
        try own.delete(owner: owner)
        try make()
        try own.retire(owner: owner)
        XCTAssertEqual(try there(keys.appendingPathComponent(owner)), ["wrap"])
        try own.delete(owner: owner)
        XCTAssertEqual(try there(keys), [])
    }
}
