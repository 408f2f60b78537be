package countersign

import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Row 50 of the bad inputs, from Kotlin: a host that throws, gives rubbish, blocks and calls in again. */
class HostileHostTest {
    @TempDir
    lateinit var folder: File

    private val good by lazy { FileKeys(File(folder, "keys")) }

    private fun open(keys: DeviceKeys) = Authenticator.open(settings(folder, Engine.REDB), host(folder, keys))

    private fun opens() = open(good).run {
        accounts()
        shutDown()
        close()
    }

    private fun refused(keys: DeviceKeys) = assertThrows(AuthException::class.java) { open(keys) }

    @Test
    fun `every failure of a key store says what to do`() {
        val said = listOf(
            KeyFailure.Cancelled() to "cancelled",
            KeyFailure.LockedOut() to "uv.lockout",
            KeyFailure.Invalidated() to "key.lost",
            KeyFailure.NotSetUp() to "uv.none",
            KeyFailure.Unreadable() to "key.busy",
        )
        for ((failure, code) in said) {
            val keys = object : DeviceKeys by good {
                override fun wrap(owner: String, gesture: GestureUse, plain: ByteArray) = throw failure
                override fun make(owner: String, slot: KeySlot, context: ByteArray) = throw failure
            }
            assertEquals(code, refused(keys).code)
        }
        opens()
    }

    @Test
    fun `an exception that nobody expects is a key store that does not answer, and its words stay here`() {
        for (thrown in listOf(IllegalStateException("anna 123456"), OutOfMemoryError("anna 123456"), Error("anna 123456"))) {
            val keys = object : DeviceKeys by good {
                override fun wrap(owner: String, gesture: GestureUse, plain: ByteArray) = throw thrown
            }
            val error = refused(keys)
            assertEquals("key.busy", error.code)
            assertFalse("$error ${error.message}".contains("anna"))
        }
        opens()
    }

    /** The words of such an error are nobody's, and a call that gives nothing has no rubbish by which it would be seen. */
    @Test
    fun `what is no Exception is no success either, also of a call that gives nothing`() {
        for (thrown in listOf(OutOfMemoryError("anna"), NoClassDefFoundError("anna"), NotImplementedError("anna"), StackOverflowError())) {
            val counter = object : Counter {
                override fun read(): Count? = null
                override fun write(count: Count) = throw thrown
                override fun forget() = throw thrown
            }
            val host = Host(good, counter, null)
            for (call in listOf({ Authenticator.open(settings(folder, Engine.REDB), host) }, { setAside(settings(folder, Engine.REDB), host) })) {
                val error = assertThrows(AuthException::class.java) { call() }
                assertEquals("key.busy", error.code, "$thrown")
                assertFalse("$error ${error.message}".contains("anna"))
            }
        }
        opens()
    }

    @Test
    fun `rubbish of a key store opens nothing and spoils nothing`() {
        opens()
        for (rubbish in listOf(ByteArray(0), ByteArray(31), ByteArray(32), ByteArray(1 shl 20))) {
            val keys = object : DeviceKeys by good {
                override fun unwrap(owner: String, gesture: GestureUse, wrapped: ByteArray) = rubbish
            }
            assertTrue(refused(keys) is AuthException.Reenrol)
        }
        opens()
    }

    @Test
    fun `a counter may call in again and one that blocks holds up nobody`() {
        val phone = AtomicReference<Authenticator>()
        val called = AtomicReference<List<Account>>()
        val (entered, leave) = CountDownLatch(1) to CountDownLatch(1)
        val counter = object : Counter {
            private var writes = 0
            override fun read(): Count? = null
            override fun forget() = Unit
            override fun write(count: Count) {
                writes += 1
                val open = phone.get()
                if (writes > 1 && open == null) throw IllegalStateException("later")
                if (open != null) {
                    called.set(open.accounts())
                    entered.countDown()
                    leave.await()
                }
            }
        }
        phone.set(Authenticator.open(settings(folder, Engine.REDB), Host(good, counter, null)))
        val slow = thread { phone.get().accounts() }
        entered.await()
        assertNotNull(called.get())
        repeat(3) { phone.get().accounts() }
        leave.countDown()
        slow.join()
        phone.get().shutDown()
    }
}
