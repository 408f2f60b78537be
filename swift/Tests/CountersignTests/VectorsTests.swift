import CountersignVectors
import Foundation
import XCTest

/// Every published vector: its inputs cross into the library that judges, and what comes back is compared here with what it expects.
final class VectorsTests: XCTestCase {
    /// The members of an operation that are not just inputs, as README.md tells them.
    private struct Op {
        /// What comes out beside the answer.
        var out: [String] = []
        /// What is derived, and is `ok` or `differs` by what is written there.
        var derived: [String] = []
        /// The same, but that the protocol has a check of its own, which has to see it.
        var checked: [String] = []
    }

    private let ops = [
        "statement": Op(out: ["H"]),
        "keys": Op(out: ["H"]),
        "registration": Op(out: ["H"]),
        "uv_proof": Op(out: ["H"]),
        "thumbprint": Op(out: ["thumbprint"]),
        "set": Op(out: ["set"]),
        "view": Op(out: ["lines", "view"]),
        "agreement": Op(derived: ["key"]),
        "recovery_codes": Op(derived: ["codes"]),
        "confirmation": Op(checked: ["kc"]),
        "commitment": Op(derived: ["sas"]),
        "digits": Op(derived: ["digits"]),
        "pin": Op(),
        "pin_blob": Op(derived: ["argon2id", "blob"]),
        "pin_proof": Op(derived: ["proof"]),
        "recovery_use": Op(checked: ["rec"]),
        "offline_code": Op(derived: ["code"]),
        "push_text": Op(out: ["text", "exp", "c"]),
        "invitation": Op(out: ["origin", "root", "token", "expires", "brand"]),
        "challenge_link": Op(out: ["origin", "txn"]),
        "number": Op(out: ["txn", "digits"]),
        "typed_code": Op(out: ["code", "token"]),
        "text": Op(),
        "origin": Op(),
        "b64u": Op(out: ["hex"]),
        "history": Op(out: ["vouched", "by_phone", "findings"]),
        "receipt": Op(out: ["approval"]),
    ]

    /// Operations that are not judged here, and why.
    private let notJudged = [
        "phone_check": "asked of a phone that is put into a state, which only the core's own tests can: core/src/challenge/vector_tests.rs",
        "server_judge": "a server's judgement, which no phone has: server/src/phone/judge_vectors.rs",
    ]

    /// Files without vectors of this form, and why.
    private let otherFiles = [
        "protocol.json": "byte-level values, which the vectors of the other files ask for; its history is read for `lines` and `with`",
        "store-form-1.json": "a phone's store of an earlier build, of the form that one core gave it",
    ]

    private struct Case {
        let keys: String
        let history: [Any]
        let vector: [String: Any]
        let op: Op

        var name: String { vector["id"] as? String ?? "no id" }
        var expect: String? { vector["expect"] as? String }

        /// What crosses: nothing of what is expected.
        func judged() throws -> Judged {
            let withheld = ["id", "expect"] + op.out + op.derived
            var inputs: [String: Any] = [:]
            for (name, value) in vector where !withheld.contains(name) {
                inputs[name] = try Vectors.spelt(name, value, history)
            }
            return try judge(keys: keys, vector: String(decoding: Vectors.json(inputs), as: UTF8.self))
        }

        /// What differs from what a vector expects; nothing where all is as it says.
        func complaint(_ judged: Judged, about vector: [String: Any]) throws -> String? {
            let values = try Vectors.object(Data(judged.values.utf8))
            let differs = { (name: String) in
                let told = try Vectors.spelt(name, vector[name] ?? NSNull(), history)
                return try Vectors.json(values[name] ?? NSNull()) != Vectors.json(told)
            }
            let same = try !(op.derived + op.checked).contains(where: differs)
            let answer = judged.answer == "ok" && !same ? "differs" : judged.answer
            if answer != vector["expect"] as? String {
                return "\(name): \(answer)"
            }
            // Which H a bent statement has is nobody's question.
            let asked = op.out.filter { $0 != "H" || vector[$0] != nil }
            return try asked.first(where: differs).map { "\(name): \($0) in \(judged.values)" }
        }
    }

    private func cases() throws -> [Case] {
        let history = try XCTUnwrap(Vectors.read("protocol.json")["history"] as? [Any])
        return try Vectors.files().filter { otherFiles[$0] == nil }.flatMap { file in
            let keys = String(decoding: try Vectors.json(XCTUnwrap(Vectors.read(file)["keys"])), as: UTF8.self)
            let vectors = try Vectors.of(file).filter { notJudged[try Vectors.text($0, "op")] == nil }
            return try vectors.map { vector in
                let op = try XCTUnwrap(ops[Vectors.text(vector, "op")], "\(vector)")
                return Case(keys: keys, history: history, vector: vector, op: op)
            }
        }
    }

    func testEveryVectorIsAnsweredAsItSays() throws {
        let all = try cases()
        let wrong = try all.compactMap { one in try one.complaint(one.judged(), about: one.vector) }
        XCTAssertEqual(wrong, [])
        XCTAssertGreaterThan(all.count, 800)
    }

    func testAVectorThatExpectedSomethingElseIsSeen() throws {
        for one in try cases() {
            let judged = try one.judged()
            let told = (one.op.out + one.op.derived).filter { one.vector[$0] != nil }
            // What differs may differ in another way.
            for name in one.expect == "differs" ? ["expect"] : told + ["expect"] {
                var bent = one.vector
                bent[name] = "something else"
                XCTAssertNotNil(try one.complaint(judged, about: bent), "\(one.name): \(name)")
            }
        }
    }

    func testNoFileAndNoOperationIsLeftOutWithoutAReason() throws {
        let files = try Vectors.files()
        XCTAssertTrue(Set(files).isSuperset(of: otherFiles.keys), "\(files)")
        let seen = try files.filter { otherFiles[$0] == nil }.flatMap { try Vectors.of($0) }.map { try Vectors.text($0, "op") }
        XCTAssertEqual(Set(ops.keys).union(notJudged.keys), Set(seen))
    }

    func testWhatIsNotJudgedGetsNoAnswerNorDoesWhatCannotBeRead() {
        for op in notJudged.keys + [""] {
            XCTAssertThrowsError(try judge(keys: "{}", vector: #"{"op":"\#(op)"}"#)) { error in
                XCTAssertEqual(error as? Unreadable, .Op(op: op))
            }
        }
        for (vector, why) in [
            ("{", Unreadable.Json), (#"{"op":"b64u"}"#, .Member(name: "text")), (#"{"op":"thumbprint","key":"R"}"#, .Key(name: "R")),
        ] {
            XCTAssertThrowsError(try judge(keys: "{}", vector: vector)) { XCTAssertEqual($0 as? Unreadable, why) }
        }
    }
}
