package countersign.phone

import countersign.Authenticator
import countersign.PinEntry
import countersign.Sent

/**
 * Approves with a PIN that is told under a mask, and stays, so that somebody can look for the PIN in this process. Its digits are letters here,
 * `a` for 0: nothing of the JVM's has the PIN, and what is found is the library's.
 */
fun stay(phone: Authenticator, voice: Voice) {
    val pin = PinEntry()
    told("pin").forEach { pin.push((it - 'a').toUInt()) }
    voice.say("event" to "typed")
    val number = told("number")
    val sent = phone.approve(phone.pending().single().id, number, pin)
    Show(voice).verdict((sent as Sent.Verdict).verdict)
    told("end")
    pin.close()
}

/** The value of a line such as `{"pin":"abc"}`. */
private fun told(name: String) = readln().substringAfter("\"$name\":\"").substringBefore('"')
