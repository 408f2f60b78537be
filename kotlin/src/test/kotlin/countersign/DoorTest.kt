package countersign

import java.io.File
import java.net.ServerSocket
import java.nio.charset.CharacterCodingException
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Row 52 of the bad inputs, and what a shell leans on. */
class DoorTest {
    @TempDir
    lateinit var folder: File

    private val phone by lazy { Authenticator.open(settings(folder), host(folder)) }

    private fun code(call: () -> Unit) = assertThrows(AuthException::class.java, call).code

    @Test
    fun `names that are none are the app's fault`() {
        for (name in listOf("", "x", "\u0000", "é".repeat(1000), "A".repeat(1 shl 16))) {
            assertEquals("use.id", code { phone.forget(name) })
            assertEquals("use.id", code { phone.show(name) })
            assertEquals("use.id", code { phone.poll(name, 0u) })
            assertEquals("use.id", code { phone.approve(name, null, PinEntry()) })
        }
        assertEquals("inv.malformed", code { phone.review("https://id.example.com/e#no") })
        assertEquals(null, phone.receive("{}".toByteArray()))
    }

    @Test
    fun `half a character never crosses`() {
        assertThrows(CharacterCodingException::class.java) { phone.forget("\ud800") }
        phone.accounts()
    }

    @Test
    fun `use after the end is an error`() {
        phone.shutDown()
        phone.shutDown()
        assertEquals("use.closed", code { phone.accounts() })
        phone.close()
        assertThrows(IllegalStateException::class.java) { phone.accounts() }
    }

    @Test
    fun `a PIN takes digits alone and tells none`() {
        PinEntry().use { pin ->
            for (bad in listOf(10u, 256u, UInt.MAX_VALUE)) assertEquals("use.digit", code { pin.push(bad) })
            (0u until 12u).forEach { pin.push(it % 10u) }
            assertEquals("use.digit", code { pin.push(1u) })
            pin.pop()
            assertEquals(11u, pin.dots())
            // Not just any digits: the JVM's own name of an object has a number in it.
            assertTrue("01234567890".windowed(6).none { it in "$pin" }, "$pin")
            pin.clear()
            assertEquals(0u, pin.dots())
        }
    }

    @Test
    fun `a PIN that was handed to a call is nowhere any more, whatever came of the call`() {
        val typed = { PinEntry().also { pin -> (1u..6u).forEach(pin::push) } }
        val entries = List(4) { typed() }
        assertEquals("use.id", code { phone.approve("x", null, entries[0]) })
        assertEquals("use.id", code { phone.setPin("x", entries[1], entries[2], entries[3]) })
        phone.resume("A".repeat(22)).use { enrolment ->
            val (pin, again) = typed() to typed()
            assertEquals("use.twice", code { enrolment.choosePin(pin, again) })
            assertEquals(listOf(0u, 0u), listOf(pin, again).map(PinEntry::dots))
        }
        phone.shutDown()
        val late = typed()
        assertEquals("use.closed", code { phone.approve("x", null, late) })
        assertEquals(List(5) { 0u }, (entries + late).map(PinEntry::dots))
    }

    @Test
    fun `a call that was given up before does nothing`() {
        val (cancel, pin) = Cancel() to PinEntry()
        pin.push(1u)
        cancel.cancel()
        assertEquals("cancelled", code { phone.approve("x", null, pin, cancel) })
        assertEquals(1u, pin.dots())
        assertEquals("cancelled", code { phone.sync(cancel) })
    }

    @Test
    fun `texts come by name with what a screen reader says, and print their name alone`() {
        assertEquals("Acme wieder aktivieren?", text("de-AT", "ask.unfreeze", mapOf("id" to "Acme")).text)
        val digits = digitsText("en", "123456")
        assertEquals(listOf("123 456", "1, 2, 3, pause, 4, 5, 6", "Text"), listOf(digits.text, digits.speech, "$digits"))
        assertEquals("use.text", code { text("en", "ask.unfreeze", emptyMap()) })
        val about = About(app = "App", host = "h", server = "s", account = "anna", service = "w")
        assertEquals("net.offline", errorMessage("en", AuthException.Retry("net.offline", null, ""), about).code)
        assertFalse("$about".contains("anna"))
    }

    @Test
    fun `a call is given up when its coroutine is cancelled`() = runBlocking {
        // A server that takes calls and says nothing.
        ServerSocket(0).use { server ->
            val link = "https://localhost:${server.localPort}"
            val call = launch { waiting { phone.beginId(link, "anna@example.com", it) } }
            val accepted = kotlinx.coroutines.withContext(kotlinx.coroutines.Dispatchers.IO) { server.accept() }
            call.cancelAndJoin()
            assertTrue(call.isCancelled)
            accepted.close()
        }
    }

    @Test
    fun `in a coroutine that is cancelled already nothing is called`() = runBlocking {
        var called = false
        val call = launch {
            coroutineContext.cancel()
            waiting { called = true }
        }
        call.join()
        assertTrue(call.isCancelled)
        assertFalse(called)
    }
}
