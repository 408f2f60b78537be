package countersign

import java.io.File
import java.io.IOException
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
        listOf(name(KeySlot.DEV), name(KeySlot.UV), WRAP_UV, PEPPER).forEach { File(folder, "$owner/$it").delete() }
    }

    override fun delete(owner: String) = storing {
        File(folder, owner).deleteRecursively()
        Unit
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

    override fun forget() {
        file.delete()
    }
}

/** Durable when it returns, and whole or not at all. */
private fun replace(file: File, bytes: ByteArray) {
    file.parentFile.mkdirs()
    val fresh = File.createTempFile(file.name, ".new", file.parentFile)
    java.io.FileOutputStream(fresh).use {
        it.write(bytes)
        it.fd.sync()
    }
    java.nio.file.Files.move(fresh.toPath(), file.toPath(), java.nio.file.StandardCopyOption.ATOMIC_MOVE)
}
