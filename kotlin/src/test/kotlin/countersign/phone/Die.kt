package countersign.phone

import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Proxy
import java.util.concurrent.atomic.AtomicInteger

/** Death on demand: ends the process by SIGKILL at the N-th step, of which each call of a host has one before and one after it. */
class Steps(private val last: Int) {
    private val taken = AtomicInteger()

    private fun step() {
        if (taken.incrementAndGet() == last) {
            // Nothing after it runs.
            ProcessBuilder("kill", "-9", ProcessHandle.current().pid().toString()).start().waitFor()
        }
    }

    fun <T> around(type: Class<T>, inner: T): T {
        val proxy = Proxy.newProxyInstance(type.classLoader, arrayOf(type)) { _, method, args ->
            step()
            try {
                method.invoke(inner, *args.orEmpty()).also { step() }
            } catch (thrown: InvocationTargetException) {
                throw thrown.targetException
            }
        }
        return type.cast(proxy)
    }
}
