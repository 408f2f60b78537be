package countersign.phone

import countersign.About
import countersign.AuthException
import countersign.Authenticator
import countersign.Enrolment
import countersign.Progress
import countersign.Standing
import countersign.code
import countersign.mayPass
import countersign.pause

/** How long the server is asked to wait for the digits, seconds. */
private val WAIT = 25u

/** Adding an ID, and going on with one that was being added. */
class Enrol(private val phone: Authenticator, private val voice: Voice, private val args: Args) {
    fun enrol(link: String) {
        val host = link.removePrefix("https://").takeWhile { it != '/' && it != '#' }
        val enrolment = telling(NOBODY.copy(host = host, server = host)) { phone.review(link) }
        enrolment.use { review(it) }
    }

    private fun review(enrolment: Enrolment) {
        val offer = enrolment.offer() ?: throw Trouble.Usage("no offer")
        val about = NOBODY.copy(host = offer.host, server = offer.name, account = offer.account)
        voice.say(
            "event" to "review", "host" to offer.host, "name" to offer.name, "account" to offer.account, "pin" to offer.leastPin,
            "recovery_code" to offer.recoveryCode, "gesture" to word(offer.gesture),
        )
        if (offer.leastPin > 0u) {
            val (first, again) = pin(args["pin"]) to pin(args["pin"])
            telling(about) { enrolment.choosePin(first, again) }
        }
        enrolment.takeGesture(args.has("gesture"))
        if (!offer.recoveryCode) {
            telling(about) { enrolment.consent() }
            return finish(enrolment, about)
        }
        var codes = args.all("recovery-code").ifEmpty { listOf(readlnOrNull().orEmpty()) }
        while (true) {
            try {
                telling(about) { enrolment.consentWithCode(codes[0]) }
                return finish(enrolment, about)
            } catch (trouble: Trouble.Phone) {
                codes = codes.drop(1)
                if (trouble.error.code != "rec.bad" || codes.isEmpty()) throw trouble
            }
        }
    }

    fun begin(address: String) {
        val server = args.need("server")
        val host = server.removePrefix("https://")
        telling(NOBODY.copy(host = host, server = host, account = address)) { phone.beginId(server, address) }
        voice.say("event" to "begun")
        val link = readlnOrNull().orEmpty().trim()
        if (link.isNotEmpty()) enrol(link)
    }

    fun resume() {
        val unfinished = phone.accounts().filter { it.standing == Standing.PENDING }
        if (unfinished.isEmpty()) throw Trouble.Own("enr.none", "No ID is being added. Use a new invitation.")
        unfinished.forEach { account -> phone.resume(account.id).use { finish(it, about(account)) } }
    }

    /** Takes it on until it is active, or over. */
    private fun finish(enrolment: Enrolment, about: About) {
        var shown = false
        var failed = 0
        while (true) {
            try {
                // The digits are there at once; only then something is waited for.
                when (val progress = enrolment.proceed(if (shown) WAIT else 0u)) {
                    is Progress.Active -> return voice.say("event" to "active", "account" to about.account, "host" to about.host)
                    is Progress.Pending -> {
                        if (!shown) {
                            voice.say(
                                "event" to "digits", "digits" to progress.digits, "via" to word(progress.via),
                                "seconds_left" to progress.secondsLeft,
                            )
                        }
                        shown = true
                        failed = 0
                    }
                }
            } catch (error: AuthException) {
                if (!error.mayPass || error is AuthException.Refused) throw Trouble.Phone(error, about)
                failed += 1
                Thread.sleep(1000 * error.pause(failed))
            }
        }
    }

    private fun <T> telling(about: About, call: () -> T): T = try {
        call()
    } catch (error: AuthException) {
        throw Trouble.Phone(error, about)
    }
}
