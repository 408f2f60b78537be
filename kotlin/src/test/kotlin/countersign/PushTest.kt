package countersign

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What a notification extension does: it opens texts, and no phone. */
class PushTest {
    @TempDir
    lateinit var folder: File

    private val handle = "Stl3st1qPw1vDWynED7acA"

    private fun bytes(hex: String) = hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

    @Test
    fun `every published text is opened or not as it says`() {
        val all = Vectors.of("derivations.json").filter { it.text("op") == "push_text" }
        for (vector in all) {
            val payload = vector.text("payload")!!.toByteArray()
            val opened = openText(payload, bytes(vector.text("key")!!), vector.text("now")!!.toLong())
            assertEquals(vector.text("expect") == "ok", opened != null, "$vector")
            assertEquals(vector.text("text"), opened?.text, "$vector")
            assertEquals(vector.text("c"), opened?.challenge, "$vector")
            assertEquals(vector.text("exp")?.toLong(), opened?.expires, "$vector")
        }
        assertTrue(all.size > 20, "${all.size}")
    }

    @Test
    fun `whose push it is can be read, and rubbish is nobody's`() {
        assertEquals(handle, pushHandle("{\"v\":1,\"h\":\"$handle\"}".toByteArray()))
        for (rubbish in listOf("", "{}", "{\"v\":2,\"h\":\"$handle\"}", "\u0000".repeat(4000))) {
            assertEquals(null, pushHandle(rubbish.toByteArray()))
            assertEquals(null, openText(rubbish.toByteArray(), ByteArray(32), 0))
        }
    }

    @Test
    fun `a key of another length is the app's fault, and words print their name alone`() {
        for (length in listOf(0, 31, 33)) {
            val error = assertThrows(AuthException.Misuse::class.java) { openText(ByteArray(0), ByteArray(length), 0) }
            assertEquals("use.key", error.code)
        }
        assertEquals("LockText", LockText("Wiki: sign in?", null, 0).toString())
        Authenticator.open(settings(folder), host(folder)).use { assertEquals(emptyList<PushKey>(), it.pushKeys()) }
    }
}
