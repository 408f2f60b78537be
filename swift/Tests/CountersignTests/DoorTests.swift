import Foundation
import XCTest

@testable import Countersign

/// Row 52 of the bad inputs, and what a shell leans on.
final class DoorTests: WithFolder {
    func testNamesThatAreNoneAreTheAppsFault() throws {
        let phone = try Authenticator.open(settings: settings(), host: host())
        for name in ["", "x", "\0", String(repeating: "é", count: 1000), String(repeating: "A", count: 1 << 16)] {
            XCTAssertEqual(code { try phone.forget(account: name) }, "use.id")
            XCTAssertEqual(code { try phone.show(prompt: name) }, "use.id")
            XCTAssertEqual(code { try phone.poll(account: name, wait: 0) }, "use.id")
            XCTAssertEqual(code { try phone.approve(prompt: name, number: nil, pin: PinEntry()) }, "use.id")
            XCTAssertEqual(code { try phone.resume(account: name) }, "use.id")
        }
        XCTAssertEqual(code { try phone.review(invitation: "https://id.example.com/e#no") }, "inv.malformed")
        XCTAssertNil(try phone.receive(payload: Data("{}".utf8)))
    }

    func testUseAfterTheEndIsAnError() throws {
        let phone = try Authenticator.open(settings: settings(), host: host())
        try phone.shutDown()
        try phone.shutDown()
        XCTAssertEqual(code { try phone.accounts() }, "use.closed")
        XCTAssertEqual(code { try phone.sync() }, "use.closed")
    }

    func testAPinTakesDigitsAloneAndTellsNone() throws {
        let pin = PinEntry()
        for bad in [10, 256, UInt32.max] { XCTAssertEqual(code { try pin.push(digit: bad) }, "use.digit") }
        for digit: UInt32 in 0..<12 { try pin.push(digit: digit % 10) }
        XCTAssertEqual(code { try pin.push(digit: 1) }, "use.digit")
        try pin.pop()
        XCTAssertEqual(try pin.dots(), 11)
        XCTAssertNil("\(pin)".range(of: "[0-9]{6}", options: .regularExpression))
        try pin.clear()
        XCTAssertEqual(try pin.dots(), 0)
    }

    func testAPinThatWasHandedToACallIsNowhereAnyMoreWhateverCameOfTheCall() throws {
        let phone = try Authenticator.open(settings: settings(), host: host())
        let entries = try (0..<6).map { _ in try typed() }
        XCTAssertEqual(code { try phone.approve(prompt: "x", number: nil, pin: entries[0]) }, "use.id")
        XCTAssertEqual(code { try phone.setPin(prompt: "x", old: entries[1], new: entries[2], again: entries[3]) }, "use.id")
        let enrolment = try phone.resume(account: String(repeating: "A", count: 22))
        XCTAssertEqual(code { try enrolment.choosePin(pin: entries[4], again: entries[5]) }, "use.twice")
        try phone.shutDown()
        let late = try typed()
        XCTAssertEqual(code { try phone.approve(prompt: "x", number: nil, pin: late) }, "use.closed")
        for pin in entries + [late] { XCTAssertEqual(try pin.dots(), 0) }
    }

    func testACallThatWasGivenUpBeforeDoesNothing() throws {
        let phone = try Authenticator.open(settings: settings(), host: host())
        let (cancel, pin) = (Cancel(), try typed())
        try cancel.cancel()
        XCTAssertEqual(code { try phone.approve(prompt: "x", number: nil, pin: pin, cancel: cancel) }, "cancelled")
        XCTAssertEqual(try pin.dots(), 6)
        XCTAssertEqual(code { try phone.sync(cancel: cancel) }, "cancelled")
    }

    private func typed() throws -> PinEntry {
        let pin = PinEntry()
        for digit: UInt32 in 1...6 { try pin.push(digit: digit) }
        return pin
    }

    func testTextsComeByNameWithWhatAScreenReaderSaysAndPrintTheirNameAlone() throws {
        XCTAssertEqual(try text(locale: "de-AT", id: "ask.unfreeze", values: ["id": "Acme"]).text, "Acme wieder aktivieren?")
        let digits = try digitsText(locale: "en", digits: "123456")
        XCTAssertEqual([digits.text, digits.speech, "\(digits)"], ["123 456", "1, 2, 3, pause, 4, 5, 6", "Text"])
        XCTAssertEqual(code { try text(locale: "en", id: "ask.unfreeze", values: [:]) }, "use.text")
        let about = About(app: "App", host: "h", server: "s", account: "anna", service: "w")
        let offline = AuthError.Retry(code: "net.offline", wait: nil, reference: "")
        XCTAssertEqual(try errorMessage(locale: "en", error: offline, about: about).code, "net.offline")
        for printed in ["\(about)", String(reflecting: about), about.debugDescription] { XCTAssertEqual(printed, "About") }
    }

    func testErrorsSayWhetherTheyMayPassAndHowLongToWait() {
        let busy = AuthError.Retry(code: "srv.busy", wait: 7, reference: "")
        let offline = AuthError.Retry(code: "net.offline", wait: nil, reference: "")
        XCTAssertEqual([1, 3, 9].map(busy.pause), [7, 7, 60])
        XCTAssertEqual([0, 1, 2, 6, 7, 400].map(offline.pause), [1, 1, 2, 32, 60, 60])
        XCTAssertTrue(busy.mayPass && offline.mayPass && AuthError.Refused(code: "net.tls").mayPass)
        for end: AuthError in [.Cancelled, .Broken(code: "x"), .Reenrol(code: "x"), .Refused(code: "x"), .Expired(code: "x")] {
            XCTAssertFalse(end.mayPass)
        }
    }

    func testACallIsGivenUpWhenItsTaskIsCancelled() async throws {
        // A server that takes calls and says nothing.
        let server = try SilentServer()
        let phone = try Authenticator.open(settings: settings(), host: host())
        let link = "https://localhost:\(server.port)"
        let call = Task { try await waiting { try phone.beginId(server: link, address: "anna@example.com", cancel: $0) } }
        await Task.detached { server.accept() }.value
        call.cancel()
        let ended = await call.result
        XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
        try phone.shutDown()
    }

    func testInATaskThatIsCancelledAlreadyNothingIsCalled() async {
        let call = Task {
            // It goes on when it is cancelled, and not before.
            while !Task.isCancelled { await Task.yield() }
            try await waiting { _ in XCTFail("it was called") }
        }
        call.cancel()
        let ended = await call.result
        XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    }

    func testArrivalsEndWithTheTaskAndThrowWhatDoesNotPass() async throws {
        let phone = try Authenticator.open(settings: settings(), host: host())
        do {
            for try await _ in phone.arrivals(of: "no name") { XCTFail("nothing comes") }
            XCTFail("it ends by what was thrown")
        } catch {
            XCTAssertEqual((error as? AuthError)?.code, "use.id")
        }
        let listening = Task {
            for try await _ in phone.arrivals(of: "no name", trouble: { _ in XCTFail("nothing passes") }) {}
        }
        listening.cancel()
        _ = await listening.result
    }
}

/// Listens on loopback.
private final class SilentServer: @unchecked Sendable {
    private let socket: Int32
    private var taken: Int32 = -1
    let port: UInt16

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (socket, own) = (socket, length)
        let listens = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, own) == 0 && listen(socket, 1) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard listens else { throw CocoaError(.fileNoSuchFile) }
        port = UInt16(bigEndian: address.sin_port)
    }

    func accept() {
        taken = Glibc.accept(socket, nil, nil)
    }

    deinit {
        close(taken)
        close(socket)
    }
}
