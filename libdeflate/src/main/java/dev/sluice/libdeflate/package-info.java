/**
 * A gzip encoder over native libdeflate, several times faster than the JDK's. Comes in: slabs of raw bytes; goes
 * out: raw deflate, which the engine puts into gzip members.
 *
 * <p>Found by {@link java.util.ServiceLoader} where this module is on the class path, or the module path. It needs
 * Java 25 and a JVM that was started with {@code --enable-native-access=ALL-UNNAMED}, with the name of aircompressor's module
 * on the module path; elsewhere it says so and stays aside.
 */
@NullMarked
package dev.sluice.libdeflate;

import org.jspecify.annotations.NullMarked;
