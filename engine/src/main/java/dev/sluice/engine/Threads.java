package dev.sluice.engine;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.scheduler.NonBlocking;

/**
 * Makes the engine's threads: daemons. Reactor hands errors of the JVM (a class that cannot be loaded, no memory) to no
 * subscriber, but throws them up to the thread, so that whoever waits would wait for ever; these tell of them.
 */
final class Threads implements ThreadFactory {

    private final String name;
    private final boolean mayBlock;
    private final Consumer<Throwable> broken;
    private final AtomicInteger made = new AtomicInteger();

    /**
     * @param name of the threads, before their number
     * @param broken is told of errors of the JVM, by the thread that met them
     */
    Threads(String name, boolean mayBlock, Consumer<Throwable> broken) {
        this.name = name;
        this.mayBlock = mayBlock;
        this.broken = broken;
    }

    @Override
    public Thread newThread(Runnable work) {
        String numbered = name + "-" + made.incrementAndGet();
        Thread thread = mayBlock ? new Ours(work, numbered) : new Worker(work, numbered);
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler(this::uncaught);
        return thread;
    }

    private void uncaught(Thread thread, Throwable error) {
        if (error instanceof LinkageError || error instanceof VirtualMachineError) {
            broken.accept(error);
        } else if (!(error instanceof RejectedExecutionException)) { // Reactor tells the operator of it too
            thread.getThreadGroup().uncaughtException(thread, error);
        }
    }

    /** Whether an engine has made it. */
    static boolean isOurs(Thread thread) {
        return thread instanceof Ours;
    }

    private static class Ours extends Thread {
        private Ours(Runnable work, String name) {
            super(work, name);
        }
    }

    private static final class Worker extends Ours implements NonBlocking {
        private Worker(Runnable work, String name) {
            super(work, name);
        }
    }
}
