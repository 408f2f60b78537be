package countersign

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

/**
 * Makes a call that takes long on a thread of [dispatcher]. When the coroutine is cancelled the call is given up at once: `call` hands
 * the [Cancel] on.
 *
 * ```
 * val prompt = waiting { phone.fetch(account, challenge, it) }
 * ```
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
 */
fun Authenticator.arrivals(
    account: String,
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
    trouble: suspend (AuthException) -> Unit = {},
): Flow<Arrivals> = flow {
    var failed = 0
    while (true) {
        val error = try {
            val arrivals = waiting(dispatcher) { poll(account, WAIT, it) }
            emit(arrivals)
            arrivals.error
        } catch (error: AuthException) {
            error
        }
        if (error == null) {
            failed = 0
        } else if (error.mayPass) {
            failed += 1
            trouble(error)
            delay(1000 * error.pause(failed))
        } else {
            throw error
        }
    }
}

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

/** Seconds until the next try, after so many that failed: as long as the server asks, else 1, 2, 4 … 60. */
fun AuthException.pause(failed: Int): Long {
    val asked = (this as? AuthException.Retry)?.wait
    return asked ?: (1L shl (failed - 1).coerceIn(0, 6)).coerceAtMost(LONGEST)
}
