package countersign

import countersign.vectors.Judged
import countersign.vectors.Unreadable
import countersign.vectors.judge
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Every published vector: its inputs cross into the library that judges, and what comes back is compared here with what it expects. */
class VectorsTest {
    /** The members of an operation that are not just inputs, as README.md tells them. */
    private class Op(
        /** What comes out beside the answer. */
        val out: List<String> = emptyList(),
        /** What is derived, and is `ok` or `differs` by what is written there. */
        val derived: List<String> = emptyList(),
        /** The same, but that the protocol has a check of its own, which has to see it. */
        val checked: List<String> = emptyList(),
    )

    private val ops = mapOf(
        "statement" to Op(listOf("H")),
        "keys" to Op(listOf("H")),
        "registration" to Op(listOf("H")),
        "uv_proof" to Op(listOf("H")),
        "thumbprint" to Op(listOf("thumbprint")),
        "set" to Op(listOf("set")),
        "view" to Op(listOf("lines", "view")),
        "agreement" to Op(derived = listOf("key")),
        "recovery_codes" to Op(derived = listOf("codes")),
        "confirmation" to Op(checked = listOf("kc")),
        "commitment" to Op(derived = listOf("sas")),
        "digits" to Op(derived = listOf("digits")),
        "pin" to Op(),
        "pin_blob" to Op(derived = listOf("argon2id", "blob")),
        "pin_proof" to Op(derived = listOf("proof")),
        "recovery_use" to Op(checked = listOf("rec")),
        "offline_code" to Op(derived = listOf("code")),
        "push_text" to Op(listOf("text", "exp", "c")),
        "invitation" to Op(listOf("origin", "root", "token", "expires", "brand")),
        "challenge_link" to Op(listOf("origin", "txn")),
        "number" to Op(listOf("txn", "digits")),
        "typed_code" to Op(listOf("code", "token")),
        "text" to Op(),
        "origin" to Op(),
        "b64u" to Op(listOf("hex")),
        "history" to Op(listOf("vouched", "by_phone", "findings")),
        "receipt" to Op(listOf("approval")),
    )

    /** Operations that are not judged here, and why. */
    private val notJudged = mapOf(
        "phone_check" to "asked of a phone that is put into a state, which only the core's own tests can: core/src/challenge/vector_tests.rs",
        "server_judge" to "a server's judgement, which no phone has: server/src/phone/judge_vectors.rs",
    )

    /** Files without vectors of this form, and why. */
    private val otherFiles = mapOf(
        "protocol.json" to "byte-level values, which the vectors of the other files ask for; its history is read for `lines` and `with`",
        "store-form-1.json" to "a phone's store of an earlier build, of the form that one core gave it",
    )

    private class Case(val file: JsonObject, val vector: JsonObject, val op: Op) {
        val name = vector.text("id")!!

        /** What crosses: nothing of what is expected. */
        fun judged(): Judged {
            val withheld = setOf("id", "expect") + op.out + op.derived
            val inputs = vector.filterKeys { it !in withheld }.mapValues { (name, value) -> Vectors.spelt(name, value) }
            return judge(file["keys"].toString(), JsonObject(inputs).toString())
        }
    }

    private fun cases(): List<Case> = (Vectors.files() - otherFiles.keys).flatMap { name ->
        val file = Vectors.read(name)
        Vectors.of(name).filter { it.text("op") !in notJudged }.map { Case(file, it, ops.getValue(it.text("op")!!)) }
    }

    /** What differs from what a vector expects; nothing where all is as it says. */
    private fun complaint(vector: JsonObject, op: Op, judged: Judged): String? {
        val values = Json.parseToJsonElement(judged.values).jsonObject
        fun came(name: String): JsonElement = values[name] ?: JsonNull
        fun told(name: String): JsonElement = vector[name]?.let { Vectors.spelt(name, it) } ?: JsonNull
        val same = (op.derived + op.checked).all { came(it) == told(it) }
        val answer = if (judged.answer == "ok" && !same) "differs" else judged.answer
        if (answer != vector.text("expect")) return "$answer instead of ${vector["expect"]}"
        // Which H a bent statement has is nobody's question.
        val asked = op.out.filter { it != "H" || it in vector }
        return asked.find { came(it) != told(it) }?.let { "$it is ${came(it)}" }
    }

    @Test
    fun `every vector is answered as it says`() {
        val all = cases()
        val wrong = all.mapNotNull { case -> complaint(case.vector, case.op, case.judged())?.let { "${case.name}: $it" } }
        assertEquals(emptyList<String>(), wrong)
        assertTrue(all.size > 800, "${all.size}")
    }

    @Test
    fun `a vector that expected something else is seen`() {
        for (case in cases()) {
            val judged = case.judged()
            val told = (case.op.out + case.op.derived).filter { it in case.vector }
            for (name in told + "expect") {
                // What differs may differ in another way.
                if (case.vector.text("expect") == "differs" && name != "expect") continue
                val bent = JsonObject(case.vector + (name to JsonPrimitive("something else")))
                assertNotNull(complaint(bent, case.op, judged), "${case.name}: $name")
            }
        }
    }

    @Test
    fun `no file and no operation is left out without a reason`() {
        val files = Vectors.files()
        assertTrue(files.containsAll(otherFiles.keys), "$files")
        val seen = (files - otherFiles.keys).flatMap { Vectors.of(it) }.map { it.text("op") }.toSet()
        assertEquals(ops.keys + notJudged.keys, seen)
    }

    @Test
    fun `what is not judged gets no answer, nor does what cannot be read`() {
        for (op in notJudged.keys + "") {
            val error = assertThrows(Unreadable.Op::class.java) { judge("{}", "{\"op\":\"$op\"}") }
            assertEquals(op, error.op)
        }
        assertThrows(Unreadable.Json::class.java) { judge("{}", "{") }
        assertThrows(Unreadable.Member::class.java) { judge("{}", "{\"op\":\"b64u\"}") }
        assertThrows(Unreadable.Key::class.java) { judge("{}", "{\"op\":\"thumbprint\",\"key\":\"R\"}") }
    }
}
