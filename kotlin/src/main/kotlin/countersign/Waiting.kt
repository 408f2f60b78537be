package countersign

import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** How long a poll waits at the server, seconds: the most that it may. */
private val WAIT = 25u

/** The longest pause between two tries, seconds. */
private const val LONGEST = 60L

/** A poll that nothing came of in less was not waited for: something ended it. */
private val AT_ONCE = 1.seconds

/**
 * Makes a call that takes long on a thread of [dispatcher]. When the coroutine is cancelled the call is given up at once: `call` hands
 * the [Cancel] on.
 *
 * ```
 * val prompt = waiting { phone.fetch(account, challenge, it) }
 * ```
 *
 * A coroutine that is cancelled hears nothing but its `CancellationException`, also where an answer was signed just before. Such a one
 * isn't lost: it is sent later, and stands in [Authenticator.outbox] until then. Whoever shows that request again looks there first.
 */
suspend fun <T> waiting(
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
    call: (Cancel) -> T,
): T = Cancel().use { cancel ->
    coroutineScope {
        val answer = async(dispatcher) {
            try {
                call(cancel)
            } catch (given: AuthException.Cancelled) {
                // Given up for the coroutine's sake, or by the person.
                ensureActive()
                throw given
            }
        }
        try {
            answer.await()
        } catch (cancelled: CancellationException) {
            cancel.cancel()
            throw cancelled
        }
    }
}

/**
 * What comes for an ID, for as long as somebody collects. What goes away by itself ([mayPass]) is told to [trouble] and tried again
 * after a pause; anything else ends the flow, as does the end of the ID.
 *
 * One collector per ID; share it (`shareIn`). The server holds one poll of an ID, and a second one ends the first: two collectors get
 * in each other's way, and what comes is told to one of them.
 */
fun Authenticator.arrivals(
    account: String,
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
    trouble: suspend (AuthException) -> Unit = {},
): Flow<Arrivals> = askingAgain(trouble) { waiting(dispatcher) { poll(account, WAIT, it) } }

/** Polls again and again, and less often while that fails. */
internal fun askingAgain(
    trouble: suspend (AuthException) -> Unit,
    time: TimeSource = TimeSource.Monotonic,
    rest: suspend (Long) -> Unit = { delay(1000 * it) },
    poll: suspend () -> Arrivals,
): Flow<Arrivals> = flow {
    var failed = 0
    while (true) {
        val begun = time.markNow()
        var arrivals: Arrivals? = null
        val error = try {
            poll().also { arrivals = it }.error
        } catch (error: AuthException) {
            error
        }
        val atOnce = begun.elapsedNow() < AT_ONCE
        // Not within the try: what the collector throws is its own.
        arrivals?.let { emit(it) }
        if (error != null && !error.mayPass) throw error
        if (error == null && !(atOnce && arrivals?.isEmpty() == true)) {
            failed = 0
            continue
        }
        failed += 1
        error?.let { trouble(it) }
        rest(error?.pause(failed) ?: backoff(failed))
    }
}

private fun Arrivals.isEmpty() = listOf(prompts, renewed, refused, cancelled, notices, verdicts).all { it.isEmpty() }

/** The stable name of what went wrong, in the catalogue of texts. */
val AuthException.code: String
    get() = when (this) {
        is AuthException.Retry -> code
        is AuthException.Expired -> code
        is AuthException.Reenrol -> code
        is AuthException.Refused -> code
        is AuthException.Misuse -> code
        is AuthException.Broken -> code
        is AuthException.Cancelled -> "cancelled"
    }

/** Whether the same call may succeed later without anybody doing anything. A network that isn't genuine may be another in a minute. */
val AuthException.mayPass: Boolean
    get() = when (this) {
        is AuthException.Retry -> code.startsWith("net.") || code.startsWith("srv.") || code == "key.busy"
        is AuthException.Refused -> code == "net.tls"
        is AuthException.Expired, is AuthException.Reenrol, is AuthException.Misuse, is AuthException.Broken,
        is AuthException.Cancelled -> false
    }

/** Seconds until the next try, after so many that failed: 1, 2, 4 … 60, and no less than the server asks. */
fun AuthException.pause(failed: Int): Long {
    val asked = (this as? AuthException.Retry)?.wait ?: 0
    return maxOf(asked, backoff(failed))
}

private fun backoff(failed: Int) = (1L shl (failed - 1).coerceIn(0, 6)).coerceAtMost(LONGEST)
