package countersign.phone

import countersign.DeviceKeys
import countersign.KeyFailure
import countersign.KeySlot
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.spec.ECGenParameterSpec

/** Keys that don't sign as they should (row 50 of the bad inputs); everything else is as ever. */
class Tricky(private val keys: DeviceKeys, private val trick: String) : DeviceKeys by keys {
    override fun sign(owner: String, slot: KeySlot, message: ByteArray): ByteArray = when (trick) {
        "cancelled" -> throw KeyFailure.Cancelled()
        "locked-out" -> throw KeyFailure.LockedOut()
        "invalidated" -> throw KeyFailure.Invalidated()
        "not-set-up" -> throw KeyFailure.NotSetUp()
        "unreadable" -> throw KeyFailure.Unreadable()
        "throws" -> throw IllegalStateException("words that nobody may see")
        "empty" -> ByteArray(0)
        "rubbish" -> ByteArray(70) { 0x30 }
        "longer" -> keys.sign(owner, slot, message) + 0
        "of-another-message" -> keys.sign(owner, slot, message + 0)
        "of-another-key" -> ofAnotherKey(message)
        else -> throw Trouble.Usage("$trick is not known")
    }

    private fun ofAnotherKey(message: ByteArray): ByteArray {
        val maker = KeyPairGenerator.getInstance("EC")
        maker.initialize(ECGenParameterSpec("secp256r1"))
        return Signature.getInstance("SHA256withECDSA").run {
            initSign(maker.generateKeyPair().private)
            update(message)
            sign()
        }
    }
}
