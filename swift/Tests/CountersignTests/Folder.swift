import ComputerHost
import Foundation
import XCTest

@testable import Countersign

/// A folder that goes with its test, and phones in it.
class WithFolder: XCTestCase {
    private(set) var folder = URL(fileURLWithPath: "/")

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    var keys: URL { folder.appendingPathComponent("keys") }

    func settings(_ engine: Engine = .memory) -> Settings {
        Settings(
            folder: folder.appendingPathComponent("store").path, engine: engine, brand: "countersign", mode: .app, version: "1",
            os: "test", device: "Phone", locale: "en")
    }

    func host(_ own: (any DeviceKeys)? = nil) -> Countersign.Host {
        let counter = FileCounter(file: keys.appendingPathComponent("counter"))
        return Countersign.Host(keys: own ?? FileKeys(folder: keys), counter: counter, clock: nil)
    }
}

/// The stable name of what a call threw; nothing where it threw none.
func code(of call: () throws -> some Any) -> String? {
    do {
        _ = try call()
        return nil
    } catch let error as AuthError {
        return error.code
    } catch {
        return "\(error)"
    }
}
