package countersign.example

import countersign.*
import java.io.File
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking

fun main(words: Array<String>) = runBlocking {
    val (home, ca, invitation) = words
    val settings = Settings(
        folder = "$home/store", engine = Engine.SLED, roots = File(ca).readBytes(),
        brand = "example", mode = AppMode.CORE, version = "1.0", os = "linux", device = "Example", locale = "en",
    )
    // An app has hardware keys: this is a computer.
    val host = Host(FileKeys(File(home, "keys")), FileCounter(File(home, "keys/counter")), null)
    val phone = Authenticator.open(settings, host)
    try {
        val account = add(phone, invitation)
        val prompt = phone.arrivals(account).first { it.prompts.isNotEmpty() }.prompts.first()
        println(prompt.title.text)
        prompt.rows.forEach { println("  ${it.label?.text ?: it.id}: ${it.value}") }
        println("number?")
        val number = readln()
        val pin = if (prompt.pin) typedPin() else null
        val sent = waiting { phone.approve(prompt.id, number, pin, it) }
        println(if (sent is Sent.Verdict && sent.verdict.accepted) "approved" else "not yet")
    } catch (error: AuthException) {
        val about = About(app = "Example", host = "", server = "", account = "", service = "")
        println(errorMessage("en", error, about).title.text)
    } finally {
        phone.shutDown()
        phone.close()
    }
}

/** Adds the ID of an invitation; gives its name on this phone. */
private suspend fun add(phone: Authenticator, invitation: String): String {
    val enrolment = waiting { phone.review(invitation, it) }
    val offer = enrolment.offer()!!
    println("Add ${offer.account} at ${offer.host}?")
    if (offer.leastPin > 0u) enrolment.choosePin(typedPin(), typedPin())
    // It makes keys, and may ask for a gesture.
    val account = waiting { enrolment.consent() }
    while (true) {
        when (val progress = waiting { enrolment.proceed(0u, it) }) {
            is Progress.Active -> return account
            is Progress.Pending -> println("Type into the browser: ${progress.digits}")
        }
        delay(500)
    }
}

/** An app pushes each digit as its key is pressed. */
private fun typedPin() = PinEntry().also { pin ->
    println("PIN?")
    readln().forEach { pin.push(it.digitToInt().toUInt()) }
}
