package countersign.phone

import countersign.Authenticator
import countersign.PinEntry

/** Calls that aren't counted, and calls that are. The JVM compiles in the meantime. */
private const val BEFORE = 20_000
private const val COUNTED = 2000

/** What calls take, as `countersign-phone measure` tells it; `empty` is the least that a call can be. */
fun measure(phone: Authenticator, voice: Voice, began: Long) {
    phone.accounts()
    val start = System.nanoTime() - began
    val prompts = phone.pending()
    val tell = { call: String, ns: Long -> voice.say("event" to "measured", "call" to call, "ns" to ns) }
    tell("start", start)
    PinEntry().use { pin -> tell("empty", repeated { pin.dots() }) }
    tell("accounts", repeated { phone.accounts() })
    tell("show", repeated { phone.show(prompts.first().id) })
    tell("approve", prompts.map { time { phone.approve(it.id, "00", null) } }.median())
}

private fun time(call: () -> Any?): Long {
    val begin = System.nanoTime()
    call()
    return System.nanoTime() - begin
}

private fun repeated(call: () -> Any?): Long {
    repeat(BEFORE) { call() }
    return List(COUNTED) { time(call) }.median()
}

private fun List<Long>.median() = sorted()[size / 2]
