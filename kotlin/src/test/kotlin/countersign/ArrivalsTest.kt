package countersign

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TestTimeSource
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** How often a server is asked, by polls that are told what to bring and how long that takes. */
class ArrivalsTest {
    private val time = TestTimeSource()
    private val rests = mutableListOf<Long>()
    private val troubles = mutableListOf<String>()
    private var polls = 0

    private val nothing = Arrivals("a", emptyList(), emptyList(), emptyList(), emptyList(), emptyList(), emptyList(), null)
    private val something = nothing.copy(refused = listOf("chal.expired"))
    private val offline = AuthException.Retry("net.offline", null, "")
    private val end = AuthException.Expired("id.removed")

    private fun flow(vararg brought: Pair<Any, Duration>): Flow<Arrivals> {
        polls = 0
        return askingAgain({ troubles += it.code }, time, { rests += it }) {
            val (what, took) = brought.getOrElse(polls) { end to Duration.ZERO }
            polls += 1
            time += took
            if (what is AuthException) throw what else what as Arrivals
        }
    }

    /** All of it, until the end that every one of these has. */
    private fun collected(vararg brought: Pair<Any, Duration>): List<Arrivals> = runBlocking {
        val all = mutableListOf<Arrivals>()
        assertSame(end, runCatching { flow(*brought).collect { all += it } }.exceptionOrNull())
        all
    }

    @Test
    fun `polls that are ended at once, as by another collector, come less and less often and tell no trouble`() {
        val all = collected(*Array(9) { nothing to 20.milliseconds })
        assertEquals(listOf(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L), rests)
        assertEquals(emptyList<String>(), troubles)
        assertEquals(9, all.size)
    }

    @Test
    fun `a poll that was waited for, and one that brings something, are followed at once`() {
        collected(nothing to 25.seconds, something to 5.milliseconds, nothing to 1.seconds, something to 5.milliseconds)
        assertEquals(emptyList<Long>(), rests)
    }

    @Test
    fun `one good poll takes the pauses back`() {
        val (bad, good) = (nothing to 5.milliseconds) to (nothing to 25.seconds)
        collected(bad, bad, good, bad, offline to 30.seconds)
        assertEquals(listOf(1L, 2L, 1L, 2L), rests)
        assertEquals(listOf("net.offline"), troubles)
    }

    @Test
    fun `a server that asks for no pause gets one, and one that asks for a longer one too`() {
        val busy = { wait: Long? -> AuthException.Retry("srv.busy", wait, "") to 1.milliseconds }
        collected(busy(0), busy(0), busy(0), busy(null), busy(900), busy(7))
        assertEquals(listOf(1L, 2L, 4L, 8L, 900L, 32L), rests)
        assertEquals(List(6) { "srv.busy" }, troubles)
    }

    @Test
    fun `what came with an error is told before it, and what does not pass is the end`() {
        val torn = something.copy(error = offline)
        assertEquals(listOf(torn), collected(torn to 1.milliseconds))
        assertEquals(listOf(1L), rests)
        val last = something.copy(error = AuthException.Reenrol("store.corrupt"))
        val told = mutableListOf<Arrivals>()
        assertThrows(AuthException.Reenrol::class.java) { runBlocking { flow(last to Duration.ZERO).collect { told += it } } }
        assertEquals(listOf(last), told)
    }

    @Test
    fun `what a collector throws is its own, though it looks like a failed poll`() {
        for (thrown in listOf(offline, AuthException.Cancelled(), IllegalStateException("of the app"))) {
            val ended = runCatching { runBlocking { flow(something to Duration.ZERO, something to Duration.ZERO).collect { throw thrown } } }
            // The same one, or a copy that coroutines made of it.
            assertEquals(thrown.javaClass, ended.exceptionOrNull()?.javaClass)
            assertEquals(1, polls)
        }
        assertTrue(rests.isEmpty() && troubles.isEmpty())
    }

    @Test
    fun `a pause is no shorter than the tries that failed ask for`() {
        val busy = AuthException.Retry("srv.busy", 7, "")
        assertEquals(listOf(7L, 7L, 60L), listOf(1, 3, 9).map(busy::pause))
        assertEquals(listOf(1L, 1L, 2L, 32L, 60L, 60L), listOf(0, 1, 2, 6, 7, 400).map(offline::pause))
    }
}
