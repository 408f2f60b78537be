package countersign.phone

/** A command line: words, and values by name. */
class Args(words: Array<String>) {
    private val values = mutableMapOf<String, MutableList<String>>()
    private val flags = mutableSetOf<String>()
    val words = mutableListOf<String>()

    init {
        val rest = ArrayDeque(words.toList())
        while (rest.isNotEmpty()) {
            val word = rest.removeFirst()
            val name = word.removePrefix("--")
            when {
                word == name || word.length == KEY -> this.words += word
                name in FLAGS -> flags += name
                name in NAMES -> values.getOrPut(name, ::mutableListOf) += rest.removeFirstOrNull()
                    ?: throw Trouble.Usage("$word wants a value")
                else -> throw Trouble.Usage("$word is not known")
            }
        }
    }

    fun has(flag: String) = flag in flags

    fun all(name: String): List<String> = values[name].orEmpty()

    operator fun get(name: String) = values[name]?.last()

    fun need(name: String) = get(name) ?: throw Trouble.Usage("--$name is missing")

    /** A word of the command, its name being the first. */
    fun word(at: Int) = words.getOrNull(at)

    fun needWord(at: Int) = word(at) ?: throw Trouble.Usage("a word is missing")

    private companion object {
        /** Characters of a key's thumbprint, which may begin like an option. */
        const val KEY = 43

        val FLAGS = setOf("json", "yes", "gesture", "send", "slow")
        val NAMES = setOf(
            "home", "ca", "engine", "device", "lang", "die-at", "trick", "pin", "new", "number", "reason", "id", "phone", "limit", "out",
            "before", "recovery-code", "server",
        )
    }
}
