package countersign.phone

import countersign.About
import countersign.Account
import countersign.Action
import countersign.Arrivals
import countersign.AuthException
import countersign.Authenticator
import countersign.PinEntry
import countersign.Prompt
import countersign.Reason
import countersign.Sent
import countersign.Standing
import countersign.code
import java.io.File
import java.nio.file.Files
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE

/** What can be asked of the phone. */
class Commands(private val phone: Authenticator, private val voice: Voice, private val args: Args, private val began: Long) {
    private val show = Show(voice)

    fun run() {
        val second = args.word(1)
        when (val command = args.words[0]) {
            "enrol" -> Enrol(phone, voice, args).enrol(args.needWord(1))
            "begin" -> Enrol(phone, voice, args).begin(args.needWord(1))
            "resume" -> Enrol(phone, voice, args).resume()
            "ids" -> ids()
            "forget" -> phone.forget(args.needWord(1))
            "pending" -> pending()
            "open" -> show.prompt(phone.openLink(args.needWord(1)))
            "scan" -> phone.scan(args.needWord(1)).let { voice.say("event" to "number", "id" to it.id, "number" to it.number) }
            "show" -> show.prompt(phone.show(args.needWord(1)))
            "more" -> show.prompt(phone.moreTime(args.needWord(1)))
            "approve" -> approve(second)
            "deny" -> find(second).let { send(it) { id -> phone.deny(id, reason()) } }
            "report" -> find(second).let { send(it) { id -> phone.report(id, reason()) } }
            "outbox" -> outbox()
            "history" -> phone.history(limit()).forEach(show::receipt)
            "export-history" -> exportHistory(second)
            "forget-history" -> {
                val gone = phone.forgetHistory(account(second).id, args.need("before").toLong())
                voice.say("event" to "history_forgotten", "answers" to gone)
            }
            "overview" -> phone.overview(account(second).id).phones.forEach(show::phone)
            "describe" -> phone.describe(account(second).id, args.has("slow"))
            "notices" -> phone.notices(limit()).forEach(show::notice)
            "listen" -> listen(phone, voice)
            "stay" -> stay(phone, voice)
            "measure" -> measure(phone, voice, began)
            "export" -> phone.exportSealed().let {
                writeNew(File(args.needWord(1)), it)
                voice.say("event" to "exported", "bytes" to it.size)
            }
            "pause" -> account(second).let { about(it) { phone.pause(it.id) } }.let { ids() }
            "add-phone" -> account(second).let {
                voice.say("event" to "invitation", "link" to about(it) { phone.addPhone(it.id) })
            }
            "move" -> move()
            "recovery" -> recovery()
            "set-pin" -> setPin(second)
            "renew-gesture" -> confirm(second, Action.RenewGesture)
            "remove-phone" -> confirm(args["id"], Action.RemovePhone(args.needWord(1)))
            "unfreeze" -> confirm(second, args["phone"]?.let { Action.UnfreezePhone(it) } ?: Action.Unfreeze)
            else -> throw Trouble.Usage("$command is not known")
        }
    }

    private fun limit() = (args["limit"] ?: "50").toUInt()

    private fun reason() = args["reason"]?.let { Reason.valueOf(it.uppercase()) }

    private fun ids() = phone.accounts().forEach(show::account)

    private fun pending() {
        val synced = phone.sync()
        synced.forEach(show::told)
        val prompts = phone.pending()
        prompts.forEach(show::prompt)
        phone.requests().filter { it.prompts.size > 1 }.forEach {
            voice.say("event" to "several", "service" to it.service, "requests" to it.prompts.size)
        }
        val accounts = phone.accounts()
        var failed: Trouble? = null
        for (arrivals in synced) {
            val about = accounts.find { it.id == arrivals.account }?.let(::about) ?: NOBODY
            val error = arrivals.error ?: continue
            if (prompts.isEmpty() && failed == null) failed = Trouble.Phone(error, about) else voice.complain(error.code)
        }
        failed?.let { throw it }
    }

    private fun outbox() {
        if (args.has("send")) phone.deliver(true).forEach(show::verdict)
        phone.outbox().forEach(show::delivery)
    }

    private fun approve(named: String?) {
        val found = find(named)
        val pin = if (found.pin || args["pin"] != null) pin(args["pin"]) else null
        send(found) { phone.approve(it, args["number"], pin) }
    }

    /** The request that is meant. What isn't known here is asked for first. */
    private fun find(named: String?): Found {
        val matching = { phone.pending().filter { named == null || it.id == named } }
        var found = matching()
        if (found.isEmpty()) {
            val asked = try {
                phone.sync()
            } catch (error: AuthException) {
                if (named == null) throw error
                emptyList()
            }
            found = matching()
            if (found.isEmpty() && named == null) asked.firstNotNullOfOrNull(Arrivals::error)?.let { throw it }
        }
        return when {
            found.size == 1 -> found[0].let { Found(it.id, about(it), it.pin) }
            named != null -> Found(named, NOBODY, false)
            found.isEmpty() -> throw Trouble.Own("chal.none", voice.ofCatalogue("home.empty"))
            else -> throw Trouble.Own("chal.several", "Several requests wait. Name one of them.")
        }
    }

    private fun send(found: Found, decide: (String) -> Sent) {
        val sent = try {
            decide(found.id)
        } catch (error: AuthException) {
            throw Trouble.Phone(error, found.about)
        }
        when (sent) {
            is Sent.Verdict -> {
                show.verdict(sent.verdict)
                if (!sent.verdict.accepted) throw Trouble.Verdict(sent.verdict, found.about)
            }
            is Sent.Queued -> {
                val why = voice.words(voice.message(sent.error, NOBODY))
                voice.say("event" to "queued", "id" to found.id, "why" to why)
            }
        }
    }

    private fun begin(named: String?, action: Action): Found {
        val account = account(named)
        val prompt = about(account) { phone.begin(account.id, action) }
        show.prompt(prompt)
        return Found(prompt.id, about(account).copy(service = prompt.service), prompt.pin)
    }

    private fun confirm(named: String?, action: Action) {
        val found = begin(named, action)
        val pin = if (found.pin || args["pin"] != null) pin(args["pin"]) else null
        send(found) { phone.approve(it, null, pin) }
    }

    private fun setPin(named: String?) {
        val found = begin(named, Action.SetPin)
        val old = if (found.pin) pin(args["pin"]) else null
        val (new, again) = pin(args["new"]) to pin(args["new"])
        send(found) { phone.setPin(it, old, new, again) }
    }

    private fun exportHistory(named: String?) {
        val exported = phone.exportHistory(account(named).id)
        writeNew(File(args.need("out")), exported.lines)
        voice.say(
            "event" to "history_exported", "root" to exported.root, "dev" to exported.key, "from" to exported.from,
            "to" to exported.to, "last" to exported.last,
        )
    }

    private fun move() {
        val accounts = phone.accounts()
        for (moved in phone.addPhoneToAll()) {
            val about = accounts.find { it.id == moved.id }?.let(::about) ?: NOBODY
            val whose = arrayOf("id" to moved.id, "account" to about.account, "host" to about.host)
            when (val error = moved.error) {
                null -> voice.say("event" to "invitation", *whose, "link" to moved.link)
                else -> voice.say("event" to "unmoved", *whose, "code" to error.code)
            }
        }
    }

    private fun recovery() {
        val named = args.word(2)
        when (args.needWord(1)) {
            "make" -> confirm(named, Action.RecoveryCodes).also { codes(named) }
            "show" -> codes(named)
            "close" -> account(named).let { about(it) { phone.closeRecoveryCodes(it.id) } }
            else -> throw Trouble.Usage("recovery make, show or close")
        }
    }

    private fun codes(named: String?) {
        val account = account(named)
        about(account) { phone.recoveryCodes(account.id) }?.use { codes ->
            for (at in 0u until codes.count()) voice.say("event" to "recovery_code", "code" to codes.shown(at))
        }
    }

    /** The ID that is meant: the one that is in use, unless it is named. */
    private fun account(named: String?): Account {
        val meant = phone.accounts().filter {
            if (named == null) it.standing == Standing.ACTIVE || it.standing == Standing.SUSPENDED else it.id == named
        }
        return when (meant.size) {
            1 -> meant[0]
            0 -> throw Trouble.Own("id.none", "There is no ID on this phone.")
            else -> throw Trouble.Usage("there are several IDs: name one of them, as `ids` does")
        }
    }
}

/** A request that is to be answered. */
private class Found(val id: String, val about: About, val pin: Boolean)

fun about(account: Account) = NOBODY.copy(host = account.host, server = account.name, account = account.account)

private fun about(prompt: Prompt) =
    NOBODY.copy(host = prompt.host, server = prompt.server, account = prompt.account, service = prompt.service)

private fun <T> about(account: Account, call: () -> T): T = try {
    call()
} catch (error: AuthException) {
    throw Trouble.Phone(error, about(account))
}

/** The PIN of the command line, or what is typed. A digit crosses at a time; the string is the test's, never an app's. */
fun pin(given: String?): PinEntry {
    val entry = PinEntry()
    for (char in given ?: readlnOrNull().orEmpty().trim()) {
        try {
            entry.push((char.digitToIntOrNull() ?: 10).toUInt())
        } catch (_: AuthException.Misuse) {
            throw Trouble.Usage("a PIN has up to 12 digits")
        }
    }
    return entry
}

private fun writeNew(file: File, bytes: ByteArray) {
    Files.write(file.toPath(), bytes, WRITE, CREATE_NEW)
}
