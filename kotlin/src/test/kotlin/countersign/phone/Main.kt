package countersign.phone

import countersign.AppMode
import countersign.AuthException
import countersign.Authenticator
import countersign.Counter
import countersign.DeviceKeys
import countersign.Engine
import countersign.FileCounter
import countersign.FileKeys
import countersign.Host
import countersign.Settings
import countersign.restoreSealed
import countersign.setAside
import java.io.File
import kotlin.system.exitProcess

/**
 * The virtual phone in Kotlin: the commands and the JSON lines of `countersign-phone --json`, over the generated bindings. It lives the
 * same stories, and must say the same.
 */
fun main(words: Array<String>) {
    var voice = Voice("en")
    val code = try {
        val args = Args(words)
        voice = Voice(args["lang"] ?: "en")
        run(args, voice)
        0
    } catch (trouble: Trouble) {
        voice.error(trouble)
        if (trouble is Trouble.Usage) 2 else 1
    } catch (error: AuthException.Misuse) {
        // The caller's fault: here whoever typed the command.
        voice.error(Trouble.Usage(error.code))
        2
    } catch (error: AuthException) {
        voice.error(Trouble.Phone(error, NOBODY))
        1
    }
    exitProcess(code)
}

private fun run(args: Args, voice: Voice) {
    val (settings, host) = settings(args) to host(args)
    when (args.needWord(0)) {
        "restore" -> {
            restoreSealed(settings, host, File(args.needWord(1)).readBytes())
            return voice.say("event" to "restored")
        }
        "set-aside" -> return voice.say("event" to "set_aside", "place" to setAside(settings, host))
    }
    val began = System.nanoTime()
    Authenticator.open(settings, host).use { phone ->
        try {
            Commands(phone, voice, args, began).run()
        } finally {
            phone.shutDown()
        }
    }
}

private fun settings(args: Args) = Settings(
    folder = "${args.need("home")}/store",
    engine = if (args["engine"] == "redb") Engine.REDB else Engine.SLED,
    roots = args["ca"]?.let { File(it).readBytes() },
    brand = "countersign",
    mode = AppMode.APP,
    version = "0.1.0",
    os = "linux",
    device = args["device"] ?: "Virtual phone",
    locale = args["lang"] ?: "en",
)

private fun host(args: Args): Host {
    val folder = File(args.need("home"), "keys")
    val (files, counter) = FileKeys(folder) to FileCounter(File(folder, "counter"))
    val keys = args["trick"]?.let { Tricky(files, it) } ?: files
    val dieAt = args["die-at"]?.toInt() ?: return Host(keys, counter, null)
    val steps = Steps(dieAt)
    return Host(steps.around(DeviceKeys::class.java, keys), steps.around(Counter::class.java, counter), null)
}
