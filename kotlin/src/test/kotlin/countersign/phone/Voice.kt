package countersign.phone

import countersign.About
import countersign.AuthException
import countersign.Message
import countersign.VerdictInfo
import countersign.errorMessage
import countersign.text
import countersign.verdictMessage

/** The name of this app in the catalogue's sentences. */
const val APP = "Countersign"

/** Why a command did not do what it was asked. */
sealed class Trouble : Exception() {
    /** The phone says so; about this ID or host, where one is known. */
    class Phone(val error: AuthException, val about: About) : Trouble()

    /** The server did not accept the answer. */
    class Verdict(val verdict: VerdictInfo, val about: About) : Trouble()

    /** What only a command line runs into. */
    class Own(val code: String, val title: String) : Trouble()

    /** The command line does not make sense. */
    class Usage(val what: String) : Trouble()
}

/** Nothing is known. */
val NOBODY = About(app = APP, host = "", server = "", account = "", service = "")

/** What the phone says, a line each. */
class Voice(val locale: String) {
    @Synchronized
    fun say(vararg event: Pair<String, Any?>) {
        println(json(mapOf(*event)))
        System.out.flush()
    }

    fun error(trouble: Trouble) = when (trouble) {
        is Trouble.Phone -> say("error" to words(message(trouble.error, trouble.about)))
        is Trouble.Verdict -> say("error" to words(verdictMessage(locale, trouble.verdict, trouble.about)))
        is Trouble.Own -> say("error" to mapOf("code" to trouble.code, "title" to trouble.title, "body" to ""))
        is Trouble.Usage -> complain(trouble.what)
    }

    fun message(error: AuthException, about: About): Message = errorMessage(locale, error, about)

    fun words(message: Message) =
        mapOf("code" to message.code, "title" to message.title.text, "body" to (message.body?.text ?: ""))

    fun ofCatalogue(id: String) = text(locale, id, emptyMap()).text

    fun complain(what: String) = System.err.println(what)
}

/** A value as JSON. */
fun json(value: Any?): String = when (value) {
    null -> "null"
    is String -> quoted(value)
    is Map<*, *> -> value.entries.joinToString(",", "{", "}") { "${quoted(it.key as String)}:${json(it.value)}" }
    is List<*> -> value.joinToString(",", "[", "]") { json(it) }
    else -> value.toString()
}

private fun quoted(text: String) = buildString {
    append('"')
    for (char in text) {
        when {
            char == '"' || char == '\\' -> append('\\').append(char)
            char < ' ' -> append("\\u%04x".format(char.code))
            else -> append(char)
        }
    }
    append('"')
}
