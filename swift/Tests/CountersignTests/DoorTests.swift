import XCTest

@testable import Countersign

final class DoorTests: XCTestCase {
    func testNothingYet() throws {
        XCTAssertEqual(try text(locale: "de", id: "button.ok", values: [:]).lang, "de")
    }
}
