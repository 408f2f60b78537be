package countersign.phone

import countersign.Account
import countersign.Arrivals
import countersign.Cancelled
import countersign.Delivery
import countersign.Note
import countersign.Notice
import countersign.Phone
import countersign.Prompt
import countersign.Receipt
import countersign.VerdictInfo

/** Records as the lines of `countersign-phone`. */
class Show(private val voice: Voice) {
    fun account(account: Account) = voice.say(
        "event" to "id", "id" to account.id, "account" to account.account, "host" to account.host, "name" to account.name,
        "standing" to word(account.standing), "pin" to account.pin, "gesture" to account.gesture, "changing" to account.changing,
        "keys_overdue" to account.keysOverdue, "lost" to account.lost,
    )

    fun prompt(prompt: Prompt) = voice.say(
        "event" to "prompt", "id" to prompt.id, "goes_on" to prompt.goesOn, "title" to prompt.title.text, "kind" to prompt.kind,
        "host" to prompt.host, "server" to prompt.server, "service" to prompt.service, "account" to prompt.account,
        "lang" to prompt.lang, "number" to prompt.number, "pin" to prompt.pin, "ways" to prompt.ways,
        "seconds_left" to prompt.secondsLeft, "asked_ago" to prompt.askedAgo,
        "rows" to prompt.rows.map { mapOf("id" to it.id, "value" to it.value) }, "notes" to prompt.notes.map(::note),
    )

    private fun note(note: Note) = when (note) {
        Note.TIME_UNSURE -> "time.unsure"
        Note.PHONES_CHANGED -> "request.phones"
        Note.CANNOT_APPROVE -> "request.missing"
        Note.CHANGE_UNSENT -> "key.unsent"
    }

    /** What came with a list, but for its requests. */
    fun told(arrivals: Arrivals) {
        arrivals.cancelled.forEach(::cancelled)
        arrivals.notices.forEach(::notice)
        arrivals.verdicts.forEach(::verdict)
    }

    private fun cancelled(cancelled: Cancelled) = voice.say(
        "event" to "cancelled", "id" to cancelled.id, "service" to cancelled.service, "reason" to word(cancelled.reason),
        "device" to cancelled.device,
    )

    fun notice(notice: Notice) = voice.say(
        "event" to "notice", "account" to notice.account, "what" to notice.what, "at" to notice.at, "device" to notice.device,
        "phones" to notice.phones,
    )

    fun verdict(verdict: VerdictInfo) = voice.say(
        "event" to "verdict", "id" to verdict.id, "code" to verdict.code, "result" to if (verdict.accepted) "accepted" else "refused",
        "final" to verdict.isFinal, "attempts" to verdict.attempts, "return" to verdict.returnUrl,
    )

    fun delivery(delivery: Delivery) = voice.say(
        "event" to "waiting", "id" to delivery.id, "service" to delivery.service, "decision" to word(delivery.decision),
        "expires" to delivery.expires, "next_try" to delivery.nextTry, "stuck" to delivery.stuck,
    )

    fun receipt(receipt: Receipt) = voice.say(
        "event" to "answered", "account" to receipt.account, "kind" to receipt.kind, "service" to receipt.service,
        "asked" to receipt.asked, "decision" to word(receipt.decision), "number" to receipt.number, "result" to receipt.result,
    )

    fun phone(phone: Phone) = voice.say(
        "event" to "phone", "key" to phone.key, "device" to phone.device, "added" to phone.added, "used" to phone.used,
        "probation" to phone.probation, "suspended" to (phone.suspended != null), "this" to phone.`this`,
    )
}

/** The lines' word for one of a few. */
fun word(of: Enum<*>) = of.name.lowercase()
