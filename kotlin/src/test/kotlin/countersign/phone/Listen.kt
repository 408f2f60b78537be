package countersign.phone

import countersign.AuthException
import countersign.Authenticator
import countersign.Standing
import countersign.arrivals
import countersign.waiting
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** How often the outbox is looked at, milliseconds. */
private const val OUTBOX = 1000L

/** Stays awake: a flow for each ID, and the outbox beside them. */
fun listen(phone: Authenticator, voice: Voice) = runBlocking {
    val show = Show(voice)
    val live = phone.accounts().filter { it.standing == Standing.ACTIVE || it.standing == Standing.SUSPENDED }
    if (live.isEmpty()) throw Trouble.Own("id.none", "There is no ID on this phone.")
    phone.pending().forEach(show::prompt)
    var ended: Trouble? = null
    coroutineScope {
        launch {
            while (true) {
                waiting { phone.deliver(false, it) }.forEach(show::verdict)
                delay(OUTBOX)
            }
        }
        live.map { account ->
            launch {
                val told = { error: AuthException ->
                    val said = voice.words(voice.message(error, about(account)))
                    voice.say("event" to "trouble", *said.toList().toTypedArray())
                }
                try {
                    phone.arrivals(account.id, trouble = told).collect { arrivals ->
                        show.told(arrivals)
                        (arrivals.prompts + arrivals.renewed).forEach(show::prompt)
                        arrivals.refused.forEach {
                            val said = voice.words(voice.message(AuthException.Refused(it), about(account)))
                            voice.say("event" to "refused", *said.toList().toTypedArray())
                        }
                    }
                } catch (error: AuthException) {
                    ended = Trouble.Phone(error, about(account))
                }
            }
        }.joinAll()
        coroutineContext.cancelChildren()
    }
    ended?.let { throw it }
}
