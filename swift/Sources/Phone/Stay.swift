import Countersign

/// Approves with a PIN that is told under a mask, and stays, so that somebody can look for the PIN in this process. Its digits are letters
/// here, `a` for 0: nothing of Swift's has the PIN, and what is found is the library's.
func stay(_ phone: Authenticator, _ voice: Voice) throws {
    let pin = PinEntry()
    for letter in told("pin").utf8 {
        try pin.push(digit: UInt32(letter) - UInt32(UInt8(ascii: "a")))
    }
    voice.say(["event": "typed"])
    let number = told("number")
    guard let prompt = try phone.pending().first else { throw Trouble.usage("nothing waits") }
    if case .verdict(let verdict) = try phone.approve(prompt: prompt.id, number: number, pin: pin) {
        Show(voice: voice).verdict(verdict)
    }
    _ = told("end")
}

/// The value of a line such as `{"pin":"abc"}`.
private func told(_ name: String) -> String {
    let line = readLine() ?? ""
    guard let begin = line.range(of: "\"\(name)\":\"")?.upperBound else { return "" }
    return String(line[begin...].prefix { $0 != "\"" })
}
