package countersign

import java.io.File
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CyclicBarrier
import kotlin.concurrent.thread
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Many threads, mixed calls, the end in the middle: each call gives its answer or a typed error. */
class HammerTest {
    @TempDir
    lateinit var folder: File

    private val threads = 16

    private fun calls(phone: Authenticator): List<() -> Any?> = listOf(
        { phone.accounts() },
        { phone.pending() },
        { phone.history(10u) },
        { phone.outbox() },
        { phone.receive("{}".toByteArray()) },
        { phone.sync() },
        { phone.show("no name") },
        { PinEntry().use { it.push(7u) } },
        { text("de", "button.ok", emptyMap()) },
        { Cancel().use { cancel -> phone.diagnose(cancel) } },
    )

    private fun hammer(engine: Engine, times: Int) {
        val phone = Authenticator.open(settings(folder, engine), host(folder))
        val odd = ConcurrentLinkedQueue<Throwable>()
        val closed = ConcurrentLinkedQueue<String>()
        val begin = CyclicBarrier(threads)
        (0 until threads).map { number ->
            thread {
                begin.await()
                val calls = calls(phone)
                repeat(times) { at ->
                    if (number == 0 && at == times / 2) phone.shutDown()
                    try {
                        calls[(number + at) % calls.size]()
                    } catch (error: AuthException) {
                        closed += error.code
                    } catch (thrown: Throwable) {
                        odd += thrown
                    }
                }
            }
        }.forEach(Thread::join)
        assertTrue(odd.isEmpty()) { odd.first().stackTraceToString() }
        assertTrue("use.closed" in closed)
        assertEquals(emptySet<String>(), closed.toSet() - setOf("use.closed", "use.id", "cancelled"))
        phone.close()
        assertNobodyIsHeld()
        // The memory is free again, and as whole as it was.
        Authenticator.open(settings(folder, engine), host(folder)).use {
            it.accounts()
            it.shutDown()
        }
    }

    /** A host is let go when the last phone that had it is gone, and with it all that was made of it. */
    private fun assertNobodyIsHeld() {
        val held = listOf(FfiConverterTypeDeviceKeys.handleMap, FfiConverterTypeCounter.handleMap)
        assertEquals(listOf(0, 0), held.map { it.size })
    }

    private fun times(small: Int, full: Int) = if (System.getenv("COUNTERSIGN_FULL") == "1") full else small

    @Test
    fun `in memory`() = hammer(Engine.MEMORY, times(500, 10_000))

    @Test
    fun `on sled`() = hammer(Engine.SLED, times(100, 500))
}
