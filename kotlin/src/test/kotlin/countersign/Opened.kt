package countersign

import java.io.File

/** Settings of a phone in a folder; nothing is anywhere else. */
fun settings(folder: File, engine: Engine = Engine.MEMORY) = Settings(
    folder = File(folder, "store").path,
    engine = engine,
    brand = "countersign",
    mode = AppMode.APP,
    version = "1",
    os = "test",
    device = "Phone",
    locale = "en",
)

fun host(folder: File, keys: DeviceKeys = FileKeys(File(folder, "keys"))) =
    Host(keys, FileCounter(File(folder, "keys/counter")), null)
