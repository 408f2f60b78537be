package countersign

import com.sun.jna.Function
import java.io.File
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The keys and the counter of a computer: who may read them, and what a disk does that fails. */
class FileKeysTest {
    @TempDir
    lateinit var folder: File

    private val owner = "AAAAAAAAAAAAAAAAAAAAAA"
    private val home by lazy { File(folder, "keys") }
    private val keys by lazy { FileKeys(home) }

    private fun make() = KeySlot.entries.forEach { keys.make(owner, it, ByteArray(32)) }

    private fun mode(file: File) = PosixFilePermissions.toString(Files.getPosixFilePermissions(file.toPath()))

    /** What the system takes away from every mode, for the time of a call; it is the whole process's. */
    private fun <T> withMask(mask: Int, call: () -> T): T {
        val umask = Function.getFunction("c", "umask")
        val before = umask.invokeInt(arrayOf(mask))
        return try {
            call()
        } finally {
            umask.invokeInt(arrayOf(before))
        }
    }

    @Test
    fun `only the owner reads keys and counter, whatever the process would allow others`() {
        withMask(0) {
            make()
            FileCounter(File(folder, "counts/counter")).write(Count("s", 1))
        }
        val all = listOf(home, File(folder, "counts")).flatMap { it.walk() }
        assertTrue(all.size > 8, "$all")
        for (file in all) assertEquals(if (file.isDirectory) "rwx------" else "rw-------", mode(file), "$file")
    }

    @Test
    fun `a write that fails is told and leaves nothing behind`() {
        make()
        val before = home.walk().filter(File::isFile).toSet()
        val taken = File(home, "$owner/pepper")
        assertTrue(taken.delete() && File(taken, "in the way").mkdirs())
        assertThrows(KeyFailure.Unreadable::class.java) { keys.make(owner, KeySlot.DEV, ByteArray(32)) }
        assertEquals(before - taken, home.walk().filter(File::isFile).toSet())
        // Where no file can be made at all.
        val nowhere = File(folder, "file").apply { writeText("") }
        assertThrows(KeyFailure.Unreadable::class.java) { FileKeys(nowhere).make(owner, KeySlot.DEV, ByteArray(32)) }
    }

    @Test
    fun `a key that cannot be destroyed is told, and one that was never there is no error`() {
        keys.retire(owner)
        keys.delete(owner)
        make()
        val taken = File(home, "$owner/uv.p8")
        assertTrue(taken.delete() && File(taken, "in the way").mkdirs())
        assertThrows(KeyFailure.Unreadable::class.java) { keys.retire(owner) }
        keys.delete(owner)
        assertTrue(home.list().isNullOrEmpty())
    }

    @Test
    fun `what is written is read, also over something older`() {
        val counter = FileCounter(File(home, "counter"))
        assertNull(counter.read())
        counter.forget()
        for (version in listOf(1L, 2L)) {
            counter.write(Count("s", version))
            assertEquals(Count("s", version), counter.read())
        }
        counter.forget()
        assertNull(counter.read())
        make()
        val sealed = keys.wrap(owner, GestureUse.FREE, byteArrayOf(1, 2, 3))
        assertArrayEquals(byteArrayOf(1, 2, 3), keys.unwrap(owner, GestureUse.FREE, sealed))
    }
}
