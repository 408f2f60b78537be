import Countersign
import Foundation

/// Keys with something around each call: for tests.
open class KeysAround: DeviceKeys, @unchecked Sendable {
    public let keys: any DeviceKeys

    public init(_ keys: any DeviceKeys) {
        self.keys = keys
    }

    /// Every call passes here.
    open func around<Answer>(_ call: () throws -> Answer) throws -> Answer {
        try call()
    }

    open func level() throws -> KeyLevel {
        try around { try keys.level() }
    }

    open func make(owner: String, slot: KeySlot, context: Data) throws -> MadeKey {
        try around { try keys.make(owner: owner, slot: slot, context: context) }
    }

    open func sign(owner: String, slot: KeySlot, message: Data) throws -> Data {
        try around { try keys.sign(owner: owner, slot: slot, message: message) }
    }

    open func wrap(owner: String, gesture: GestureUse, plain: Data) throws -> Data {
        try around { try keys.wrap(owner: owner, gesture: gesture, plain: plain) }
    }

    open func unwrap(owner: String, gesture: GestureUse, wrapped: Data) throws -> Data {
        try around { try keys.unwrap(owner: owner, gesture: gesture, wrapped: wrapped) }
    }

    open func pepper(owner: String, salt: Data) throws -> Data {
        try around { try keys.pepper(owner: owner, salt: salt) }
    }

    open func retire(owner: String) throws {
        try around { try keys.retire(owner: owner) }
    }

    open func delete(owner: String) throws {
        try around { try keys.delete(owner: owner) }
    }
}

/// What nobody expects of a host, and its words that nobody may see.
public struct Strange: Error {
    let words: String

    public init(_ words: String) {
        self.words = words
    }
}

/// Keys that don't sign as they should (row 50 of the bad inputs); everything else is as ever.
public final class TrickyKeys: KeysAround, @unchecked Sendable {
    private let trick: String

    public init(_ keys: any DeviceKeys, trick: String) {
        self.trick = trick
        super.init(keys)
    }

    public override func sign(owner: String, slot: KeySlot, message: Data) throws -> Data {
        switch trick {
        case "cancelled": throw KeyFailure.Cancelled
        case "locked-out": throw KeyFailure.LockedOut
        case "invalidated": throw KeyFailure.Invalidated
        case "not-set-up": throw KeyFailure.NotSetUp
        case "unreadable": throw KeyFailure.Unreadable
        case "throws": throw Strange("words that nobody may see")
        case "empty": return Data()
        case "rubbish": return Data(repeating: 0x30, count: 70)
        case "longer": return try super.sign(owner: owner, slot: slot, message: message) + [0]
        case "of-another-message": return try super.sign(owner: owner, slot: slot, message: message + [0])
        case "of-another-key": return Data(try SigningKey().sign([UInt8](message)))
        default: throw Strange("\(trick) is not known")
        }
    }
}
