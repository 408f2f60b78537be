import Countersign
import Foundation

private let wrapping = "wrap"
private let wrappingAsked = "wrap-uv"
private let peppering = "pepper"

/// Keys of level `software`, by OpenSSL: files in a folder, one folder an owner. There is no person to ask: a gesture is taken as given.
public final class FileKeys: DeviceKeys {
    private let folder: URL

    public init(folder: URL) {
        self.folder = folder
    }

    public func level() throws -> KeyLevel {
        .software
    }

    public func make(owner: String, slot: KeySlot, context: Data) throws -> MadeKey {
        try storing {
            let key = try SigningKey()
            for secret in slot == .dev ? [wrapping, peppering] : [wrappingAsked] {
                try save(owner, secret, random(32))
            }
            try save(owner, name(slot), key.der())
            return MadeKey(
                point: Data(try key.point()), level: .software, uvc: slot == .uv ? .credential : nil, attestation: [])
        }
    }

    public func sign(owner: String, slot: KeySlot, message: Data) throws -> Data {
        try storing { try Data(SigningKey(der: load(owner, name(slot))).sign([UInt8](message))) }
    }

    public func wrap(owner: String, gesture: GestureUse, plain: Data) throws -> Data {
        try storing { try Data(seal(owner, gesture).seal([UInt8](plain))) }
    }

    public func unwrap(owner: String, gesture: GestureUse, wrapped: Data) throws -> Data {
        try storing { try Data(seal(owner, gesture).open([UInt8](wrapped))) }
    }

    public func pepper(owner: String, salt: Data) throws -> Data {
        try storing { try Data(hmac(key: load(owner, peppering), [UInt8](salt))) }
    }

    public func retire(owner: String) throws {
        try storing {
            for one in [name(.dev), name(.uv), wrappingAsked, peppering] {
                try remove(file(owner, one))
            }
        }
    }

    public func delete(owner: String) throws {
        try storing { try remove(folder.appendingPathComponent(owner)) }
    }

    private func seal(_ owner: String, _ gesture: GestureUse) throws -> Seal {
        let name = gesture == .free ? wrapping : wrappingAsked
        return Seal(key: try load(owner, name), purpose: Array(name.utf8))
    }

    private func name(_ slot: KeySlot) -> String {
        slot == .dev ? "dev.der" : "uv.der"
    }

    private func file(_ owner: String, _ name: String) -> URL {
        folder.appendingPathComponent(owner).appendingPathComponent(name)
    }

    private func load(_ owner: String, _ name: String) throws -> [UInt8] {
        let file = file(owner, name)
        guard FileManager.default.fileExists(atPath: file.path) else { throw KeyFailure.Invalidated }
        return [UInt8](try Data(contentsOf: file))
    }

    private func save(_ owner: String, _ name: String, _ bytes: [UInt8]) throws {
        try replace(file(owner, name), Data(bytes))
    }

    private func storing<Kept>(_ work: () throws -> Kept) throws -> Kept {
        do {
            return try work()
        } catch let failure as KeyFailure {
            throw failure
        } catch is CryptoFailure {
            throw KeyFailure.Invalidated
        } catch {
            throw KeyFailure.Unreadable
        }
    }
}

/// A counter in a file beside the keys: for computers and tests.
public final class FileCounter: Counter {
    private let file: URL

    public init(file: URL) {
        self.file = file
    }

    public func read() throws -> Count? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let words = try String(contentsOf: file, encoding: .utf8).split(separator: " ")
        guard words.count == 2, let version = Int64(words[1]) else { throw KeyFailure.Unreadable }
        return Count(store: String(words[0]), version: version)
    }

    public func write(count: Count) throws {
        try replace(file, Data("\(count.store) \(count.version)".utf8))
    }

    public func forget() throws {
        try remove(file)
    }
}

private func remove(_ file: URL) throws {
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    try FileManager.default.removeItem(at: file)
}

/// Durable when it returns, and whole or not at all. Nobody but the owner ever reads it, from its first byte on: Foundation makes
/// files and folders first and restricts them then.
private func replace(_ file: URL, _ bytes: Data) throws {
    let folder = file.deletingLastPathComponent()
    try makeFolder(folder)
    let fresh = file.appendingPathExtension(UUID().uuidString)
    do {
        try write(fresh, [UInt8](bytes))
        guard rename(fresh.path, file.path) == 0 else { throw KeyFailure.Unreadable }
    } catch {
        unlink(fresh.path)
        throw error
    }
    try sync(folder)
}

private func makeFolder(_ folder: URL) throws {
    if mkdir(folder.path, 0o700) == 0 || errno == EEXIST { return }
    let parent = folder.deletingLastPathComponent()
    guard errno == ENOENT, parent.path != folder.path else { throw KeyFailure.Unreadable }
    try makeFolder(parent)
    guard mkdir(folder.path, 0o700) == 0 || errno == EEXIST else { throw KeyFailure.Unreadable }
}

/// Makes a new file, durably.
private func write(_ file: URL, _ bytes: [UInt8]) throws {
    let opened = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw KeyFailure.Unreadable }
    let handle = FileHandle(fileDescriptor: opened, closeOnDealloc: true)
    try handle.write(contentsOf: bytes)
    try handle.synchronize()
    try handle.close()
}

/// Makes the names in a folder durable, where the system opens folders.
private func sync(_ folder: URL) throws {
    let opened = open(folder.path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { return }
    defer { close(opened) }
    guard fsync(opened) == 0 else { throw KeyFailure.Unreadable }
}
