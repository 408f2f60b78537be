package countersign

import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import java.nio.file.attribute.PosixFilePermissions
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import javax.crypto.Cipher
import javax.crypto.Mac
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec

/**
 * Keys of level `software`, by the JVM's own cryptography: files in a folder, one folder an owner. There is no person to ask: a gesture
 * is taken as given.
 */
class FileKeys(private val folder: File) : DeviceKeys {
    private val random = SecureRandom()

    override fun level() = KeyLevel.SOFTWARE

    override fun make(owner: String, slot: KeySlot, context: ByteArray): MadeKey = storing {
        val maker = KeyPairGenerator.getInstance("EC")
        maker.initialize(ECGenParameterSpec("secp256r1"), random)
        val pair = maker.generateKeyPair()
        val secrets = if (slot == KeySlot.DEV) listOf(WRAP, PEPPER) else listOf(WRAP_UV)
        secrets.forEach { save(owner, it, ByteArray(32).also(random::nextBytes)) }
        save(owner, name(slot), pair.private.encoded)
        val point = (pair.public as ECPublicKey).w
        val coordinate = { n: java.math.BigInteger -> n.toByteArray().takeLast(32).toByteArray().let { ByteArray(32 - it.size) + it } }
        MadeKey(
            point = byteArrayOf(4) + coordinate(point.affineX) + coordinate(point.affineY),
            level = KeyLevel.SOFTWARE,
            uvc = if (slot == KeySlot.UV) UvClass.CREDENTIAL else null,
            attestation = emptyList(),
        )
    }

    override fun sign(owner: String, slot: KeySlot, message: ByteArray): ByteArray = storing {
        val key = KeyFactory.getInstance("EC").generatePrivate(PKCS8EncodedKeySpec(load(owner, name(slot))))
        Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    override fun wrap(owner: String, gesture: GestureUse, plain: ByteArray): ByteArray = storing {
        val nonce = ByteArray(12).also(random::nextBytes)
        nonce + cipher(Cipher.ENCRYPT_MODE, owner, gesture, nonce).doFinal(plain)
    }

    override fun unwrap(owner: String, gesture: GestureUse, wrapped: ByteArray): ByteArray = storing {
        if (wrapped.size < 12) throw KeyFailure.Invalidated()
        cipher(Cipher.DECRYPT_MODE, owner, gesture, wrapped.copyOf(12)).doFinal(wrapped, 12, wrapped.size - 12)
    }

    override fun pepper(owner: String, salt: ByteArray): ByteArray = storing {
        Mac.getInstance("HmacSHA256").run {
            init(SecretKeySpec(load(owner, PEPPER), "HmacSHA256"))
            doFinal(salt)
        }
    }

    override fun retire(owner: String) = storing {
        listOf(name(KeySlot.DEV), name(KeySlot.UV), WRAP_UV, PEPPER).forEach { remove(File(folder, "$owner/$it")) }
    }

    override fun delete(owner: String) = storing {
        if (!File(folder, owner).deleteRecursively()) throw KeyFailure.Unreadable()
    }

    private fun cipher(mode: Int, owner: String, gesture: GestureUse, nonce: ByteArray): Cipher {
        val name = if (gesture == GestureUse.FREE) WRAP else WRAP_UV
        val cipher = Cipher.getInstance("AES/GCM/NoPadding")
        cipher.init(mode, SecretKeySpec(load(owner, name), "AES"), GCMParameterSpec(128, nonce))
        cipher.updateAAD(name.toByteArray())
        return cipher
    }

    private fun name(slot: KeySlot) = if (slot == KeySlot.DEV) "dev.p8" else "uv.p8"

    private fun load(owner: String, name: String): ByteArray {
        val file = File(folder, "$owner/$name")
        if (!file.exists()) throw KeyFailure.Invalidated()
        return file.readBytes()
    }

    private fun save(owner: String, name: String, bytes: ByteArray) = replace(File(folder, "$owner/$name"), bytes)

    private fun <T> storing(work: () -> T): T = try {
        work()
    } catch (_: IOException) {
        throw KeyFailure.Unreadable()
    } catch (_: GeneralSecurityException) {
        throw KeyFailure.Invalidated()
    }

    private companion object {
        const val WRAP = "wrap"
        const val WRAP_UV = "wrap-uv"
        const val PEPPER = "pepper"
    }
}

/** A counter in a file beside the keys: for computers and tests. */
class FileCounter(private val file: File) : Counter {
    override fun read(): Count? {
        if (!file.exists()) return null
        val words = file.readText().split(' ')
        return Count(words[0], words[1].toLong())
    }

    override fun write(count: Count) = replace(file, "${count.store} ${count.version}".toByteArray())

    override fun forget() = remove(file)
}

/** What something is made with, so that there is no moment in which others may read it. */
private fun ownersAlone(mode: String) = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))

/** Durable when it returns, and whole or not at all. Nobody but the owner ever reads it, from its first byte on. */
private fun replace(file: File, bytes: ByteArray) {
    val folder = file.parentFile.toPath()
    Files.createDirectories(folder, ownersAlone("rwx------"))
    val fresh = Files.createTempFile(folder, file.name, ".new", ownersAlone("rw-------"))
    try {
        FileChannel.open(fresh, StandardOpenOption.WRITE).use {
            val left = ByteBuffer.wrap(bytes)
            while (left.hasRemaining()) it.write(left)
            it.force(true)
        }
        Files.move(fresh, file.toPath(), StandardCopyOption.ATOMIC_MOVE)
    } catch (fault: IOException) {
        Files.deleteIfExists(fresh)
        throw fault
    }
    sync(folder)
}

/** One that isn't there is no error. */
private fun remove(file: File) {
    Files.deleteIfExists(file.toPath())
}

/** Makes the names in a folder durable, where the system opens folders. */
private fun sync(folder: Path) {
    val opened = try {
        FileChannel.open(folder, StandardOpenOption.READ)
    } catch (_: IOException) {
        return
    }
    opened.use { it.force(true) }
}
