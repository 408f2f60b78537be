package countersign

import java.io.File
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.intOrNull
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** The published vectors, as `tests/vectors/README.md` describes them. */
object Vectors {
    private val folder = File(System.getProperty("countersign.vectors"))

    /** All that are there. */
    fun files(): List<String> = folder.list()!!.filter { it.endsWith(".json") }.sorted()

    fun read(file: String): JsonObject = Json.parseToJsonElement(File(folder, file).readText()).jsonObject

    fun of(file: String): List<JsonObject> = read(file)["vectors"]!!.jsonArray.map { it.jsonObject }

    /** The history that numbers in `lines` and `with` stand for. */
    private val history: JsonArray by lazy { read("protocol.json")["history"]!!.jsonArray }

    /** A member without shorthands. */
    fun spelt(name: String, value: JsonElement): JsonElement = when (value) {
        is JsonArray -> JsonArray(value.map { if (name in LINES) line(it.jsonPrimitive) else spelt(name, it) })
        is JsonPrimitive -> if (value.isString) JsonPrimitive(expanded(value.content)) else value
        is JsonObject -> value
    }

    private fun line(written: JsonPrimitive): JsonElement {
        val number = if (written.isString) null else written.intOrNull
        return if (number != null) history[number - 1] else spelt("", written)
    }

    /** `{x*n}` stands for the character x, n times. */
    private fun expanded(text: String) =
        MARK.replace(text) { it.groupValues[1].repeat(it.groupValues[2].toInt()) }

    private val MARK = Regex("\\{(.)\\*(\\d+)\\}")
    private val LINES = setOf("lines", "with")
}

/** A member of a vector that is a text. */
fun JsonObject.text(name: String): String? = this[name]?.let { Vectors.spelt(name, it).jsonPrimitive.content }
