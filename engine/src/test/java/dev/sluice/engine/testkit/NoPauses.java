package dev.sluice.engine.testkit;

import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A timer that does at once what is to be done after a pause, so that a test of retries need not wait for them. What comes
 * in periods keeps them.
 */
public final class NoPauses implements Scheduler {

    private final Scheduler threads = Schedulers.parallel();

    @Override
    public Disposable schedule(Runnable task) {
        return threads.schedule(task);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return threads.schedule(task);
    }

    @Override
    public Disposable schedulePeriodically(Runnable task, long delay, long period, TimeUnit unit) {
        return threads.schedulePeriodically(task, delay, period, unit);
    }

    @Override
    public Worker createWorker() {
        return threads.createWorker();
    }
}
