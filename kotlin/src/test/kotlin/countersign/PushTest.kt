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

    /** Of the published vectors: the flat ones of one operation, a vector a line. */
    private fun vectors() = File(System.getProperty("countersign.vectors"), "derivations.json").readLines()
        .filter { it.contains("\"op\":\"push_text\"") }

    private fun member(vector: String, name: String) =
        Regex("\"$name\":\"((?:[^\"\\\\]|\\\\.)*)\"").find(vector)?.groupValues?.get(1)?.replace("\\\"", "\"")

    private fun bytes(hex: String) = hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

    /** `{x*n}` stands for the character x, n times. */
    private fun expanded(text: String) =
        Regex("\\{(.)\\*(\\d+)\\}").replace(text) { it.groupValues[1].repeat(it.groupValues[2].toInt()) }

    @Test
    fun `every published text is opened or not as it says`() {
        val all = vectors()
        for (vector in all) {
            val now = Regex("\"now\":(\\d+)").find(vector)!!.groupValues[1].toLong()
            val payload = expanded(member(vector, "payload")!!).toByteArray()
            val opened = openText(payload, bytes(member(vector, "key")!!), now)
            assertEquals(member(vector, "expect") == "ok", opened != null, vector)
            assertEquals(member(vector, "text"), opened?.text, vector)
            assertEquals(member(vector, "c"), opened?.challenge, vector)
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
