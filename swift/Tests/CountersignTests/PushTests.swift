import ComputerHost
import Foundation
import XCTest

@testable import Countersign

/// What a notification extension does: it opens texts, and no phone.
final class PushTests: WithFolder {
    func testEveryPublishedTextIsOpenedOrNotAsItSays() throws {
        let vectors = try Vectors.of("derivations.json").filter { $0["op"] as? String == "push_text" }
        for vector in vectors {
            let (payload, key) = (try Vectors.text(vector, "payload"), try Vectors.bytes(vector, "key"))
            let now = try XCTUnwrap(vector["now"] as? Int64)
            let opened = try openText(payload: Data(payload.utf8), kPush: key, now: now)
            XCTAssertEqual(vector["expect"] as? String == "ok", opened != nil, "\(vector)")
            XCTAssertEqual(vector["text"] as? String, opened?.text, "\(vector)")
            XCTAssertEqual(vector["c"] as? String, opened?.challenge, "\(vector)")
            XCTAssertEqual(vector["exp"] as? Int64, opened?.expires, "\(vector)")
        }
        XCTAssertGreaterThan(vectors.count, 20)
    }

    func testWhosePushItIsCanBeReadAndRubbishIsNobodys() throws {
        let handle = "Stl3st1qPw1vDWynED7acA"
        XCTAssertEqual(try pushHandle(payload: Data("{\"v\":1,\"h\":\"\(handle)\"}".utf8)), handle)
        for rubbish in ["", "{}", "{\"v\":2,\"h\":\"\(handle)\"}", String(repeating: "\0", count: 4000)] {
            XCTAssertNil(try pushHandle(payload: Data(rubbish.utf8)))
            XCTAssertNil(try openText(payload: Data(rubbish.utf8), kPush: Data(count: 32), now: 0))
        }
    }

    func testAKeyOfAnotherLengthIsTheAppsFaultAndWordsPrintTheirNameAlone() throws {
        for length in [0, 31, 33] {
            XCTAssertEqual(code { try openText(payload: Data(), kPush: Data(count: length), now: 0) }, "use.key")
        }
        XCTAssertEqual("\(LockText(text: "Wiki: sign in?", challenge: nil, expires: 0))", "LockText")
        XCTAssertEqual(try Authenticator.open(settings: settings(), host: host()).pushKeys().count, 0)
    }
}
